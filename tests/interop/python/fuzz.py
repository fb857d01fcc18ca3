"""Runs schemathesis against the real server and passes on what it says.

What is not asked of the server, and why, stands in `schemathesis.toml` and `json_only.py`.
"""

import argparse
import os
import pathlib
import subprocess
import sys

from agent import running_agent

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, required=True, help="requests per operation and phase")
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="where leftovers may go")
    parser.add_argument("--seed", type=int, help="instead of the one that makes runs alike")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    schemathesis = pathlib.Path(sys.executable).with_name("schemathesis")
    with running_agent() as agent:
        line = [
            schemathesis,
            "--config-file",
            HERE / "schemathesis.toml",
            "run",
            f"{agent.url}/api/openapi.json",
            "--header",
            f"Authorization: Bearer {agent.token()}",
            "--max-examples",
            str(given.examples),
            "--no-color",
        ]
        if given.seed is not None:
            line += ["--seed", str(given.seed)]
        hooks = {"SCHEMATHESIS_HOOKS": str(HERE / "json_only.py"), "PYTHONIOENCODING": "utf-8"}
        ended = subprocess.run(line, cwd=given.folder, env={**os.environ, **hooks}, check=False)
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
