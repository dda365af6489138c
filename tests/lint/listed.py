"""Each C file stands in its folder's local.mk, so that it is built and sent."""

import lint

FOLDERS = [lint.TESTS / "unit", lint.TESTS / "fuzz"]


def main():
    report = lint.Report()
    faults, count = [], 0
    for folder in sorted(lint.SRC.iterdir()) + FOLDERS:
        if not folder.is_dir():
            continue
        words = lint.text(folder / "local.mk").split()
        for path in lint.c_files(folder):
            count += 1
            listed = {lint.name(path), lint.name(path.with_suffix(""))}
            if not listed & set(words):
                faults.append(f"{lint.name(path)}: not in {folder.name}/local.mk")
    report.check("files in local.mk", count, faults)
    words = lint.text(lint.TESTS / "lint/local.mk").split()
    scripts = sorted((lint.TESTS / "lint").glob("*.py"))
    faults = [
        f"{lint.name(path)}: not in tests/lint/local.mk"
        for path in scripts
        if lint.name(path) not in words
    ]
    report.check("lint tests in local.mk", len(scripts), faults)
    report.end()


main()
