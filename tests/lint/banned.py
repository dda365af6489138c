"""Calls that are banned everywhere, or belong to one file."""

import re
from fnmatch import fnmatch

import lint

EVERYWHERE = """
alloca asctime atof atoi atol atoll ctime gethostbyaddr gethostbyname gets
inet_addr inet_ntoa localtime longjmp mktemp popen rand rand_r random setjmp
signal sprintf srand srandom stpcpy strcat strcpy strncat strncpy strtok
system tempnam tmpnam vsprintf
""".split()

# Calls that a test may make and the suite may make in one place.
PLACES = {
    ("lib/xmem.c", "lib/buf.c", "lib/tls_memory.c"): """
        aligned_alloc asprintf calloc malloc memalign posix_memalign realloc
        reallocarray recallocarray strdup strndup vasprintf""",
    ("lib/proc.c",): """
        clone clone3 execl execle execlp execv execve execvp execvpe fexecve
        fork posix_spawn posix_spawnp vfork""",
    ("lib/jail.c",): """
        chroot initgroups setegid seteuid setfsgid setfsuid setgid setgroups
        setregid setresgid setresuid setreuid setuid""",
}


def calls(source, names):
    """Offset and name of each call."""
    pattern = r"(?<![\w.>])(" + "|".join(names) + r")\s*\("
    for match in re.finditer(pattern, source):
        yield match.start(), match[1]


def faults_in(path, names, why):
    source = lint.bare(lint.text(path))
    for offset, called in calls(source, names):
        where = lint.line_of(source, offset)
        yield f"{lint.name(path)}:{where}: {called}() {why}"


def main():
    report = lint.Report()
    files = lint.c_files(lint.SRC, lint.TESTS)
    faults = []
    for path in files:
        faults += faults_in(path, EVERYWHERE, "is banned")
    report.check("banned calls", len(files), faults)
    ours = lint.c_files(lint.SRC)
    for places, names in PLACES.items():
        faults = []
        for path in ours:
            inside = str(path.relative_to(lint.SRC))
            if not any(fnmatch(inside, place) for place in places):
                faults += faults_in(
                    path, names.split(), f"outside {' '.join(places)}"
                )
        report.check(f"calls of {' '.join(places)}", len(ours), faults)
    report.end()


main()
