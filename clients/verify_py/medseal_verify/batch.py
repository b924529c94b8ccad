"""python -m medseal_verify.batch FOLDER: judges many files in one process, one JSON report a line.

FOLDER/list.json names them: [{"file": …, "policy": …}, …], files of the folder.
"""

import json
import os
import sys

from .__main__ import judge


def main() -> int:
    folder = sys.argv[1]
    with open(os.path.join(folder, "list.json"), encoding="utf-8") as file:
        entries = json.load(file)
    for entry in entries:
        report = judge(os.path.join(folder, entry["file"]), os.path.join(folder, entry["policy"]))
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
