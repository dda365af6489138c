/*
 * Runs a fuzz target over each file of its corpus and reports in TAP.
 * Runs in: make check.
 * Hostile input: the corpus files.
 * Never: ships in a program.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define REPLAY_PATH_MAX 4096

static void
replay_file(const char *path)
{
	struct stat st;
	uint8_t *data;
	FILE *file;

	file = fopen(path, "rb");
	if (file == NULL || fstat(fileno(file), &st) == -1)
		err(1, "%s", path);
	/* Exactly as large as the input, so that ASan sees each overrun. */
	data = malloc((size_t)st.st_size);
	if (data == NULL && st.st_size != 0)
		err(1, NULL);
	if (fread(data, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
		err(1, "%s", path);
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	free(data);
}

static int
replay_is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
replay_corpus(const char *folder)
{
	struct dirent **entries;
	int count;

	if (chdir(folder) == -1)
		err(1, "%s", folder);
	count = scandir(".", &entries, replay_is_input, alphasort);
	if (count == -1)
		err(1, "%s", folder);
	if (count == 0)
		errx(1, "%s: no inputs", folder);
	/* The shortest input stands in no corpus. */
	printf("1..%d\n", count + 1);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("ok 1 - nothing\n");
	for (int i = 0; i < count; i++) {
		fflush(stdout);
		replay_file(entries[i]->d_name);
		printf("ok %d - %s\n", i + 2, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

/*
 * With arguments: runs these files. Without: the corpus that belongs to the
 * name of the program, under $srcdir.
 */
int
main(int argc, char **argv)
{
	const char *name, *srcdir;
	char folder[REPLAY_PATH_MAX];

	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			replay_file(argv[i]);
		return 0;
	}
	name = strrchr(argv[0], '/');
	name = name == NULL ? argv[0] : name + 1;
	if (strncmp(name, "fuzz_", 5) != 0)
		errx(1, "%s: expected fuzz_NAME", name);
	srcdir = getenv("srcdir");
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
	    srcdir == NULL ? "." : srcdir, name + 5);
	replay_corpus(folder);
	return 0;
}
