"""Runs workflows for real, on this machine and without a container: nektos/act, with stubs for what GitHub provides.

The stubs stand for GitHub's own services (a checkout, an artefact store, a cache); everything that is ours runs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.tools import require_tool

TOKEN = "a-token-that-only-tests-know"
ROOT = Path(__file__).parents[2]

_COMPOSITE = "name: stub\ndescription: stub\n{inputs}runs:\n  using: composite\n  steps:\n    - shell: bash\n{step}"
STUBS = {
    "nothing": _COMPOSITE.format(inputs="", step='      run: "true"\n'),
    "checkout": _COMPOSITE.format(
        inputs="inputs: {ref: {required: true}}\n",
        step='      env: {REF: "${{ inputs.ref }}"}\n'
        '      run: git clone -q "$SOURCE" . && git checkout -q --detach "$REF" && git remote set-url origin'
        ' "https://github.com/$GITHUB_REPOSITORY.git"\n',
    ),
    "upload": _COMPOSITE.format(
        inputs="inputs: {name: {required: true}, path: {required: true}}\n",
        step='      env: {NAME: "${{ inputs.name }}", FILE: "${{ inputs.path }}"}\n'
        '      run: mkdir -p "$OUTBOX/$NAME" && cp "$FILE" "$OUTBOX/$NAME/"\n',
    ),
}
STUBS["restore"] = """\
name: stub
description: stub
inputs: {path: {required: true}, key: {required: true}}
outputs: {cache-hit: {value: "${{ steps.look.outputs.cache-hit }}"}}
runs:
  using: composite
  steps:
    - shell: bash
      id: look
      env: {KEPT: "${{ inputs.path }}", KEY: "${{ inputs.key }}"}
      run: if [ -d "$CACHE/$KEY" ]; then cp -a "$CACHE/$KEY" "$KEPT" && echo cache-hit=true >>"$GITHUB_OUTPUT"; fi
"""
STUBS["save"] = _COMPOSITE.format(
    inputs="inputs: {path: {required: true}, key: {required: true}}\n",
    step='      env: {KEPT: "${{ inputs.path }}", KEY: "${{ inputs.key }}"}\n'
    '      run: mkdir -p "$CACHE" && cp -a "$KEPT" "$CACHE/$KEY"\n',
)
BY_ACTION = {
    "actions/checkout": "checkout",
    "actions/upload-artifact": "upload",
    "actions/cache/restore": "restore",
    "actions/cache/save": "save",
}

# `python -m venv` and `pip install` of a released grader take a minute and need the release: this Python stands for both.
PYTHON = """\
#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
elif [ "$1 $2" = "-m pip" ]; then
  echo "would install: $*"
else
  exec {python} "$@"
fi
"""


@dataclass
class Done:
    """A workflow run: whether it succeeded, its events, and what its summary says."""

    ok: bool
    events: list[dict[str, Any]] = field(repr=False)
    output: str = field(repr=False)

    @property
    def summary(self) -> str:
        """The job's summary."""
        return "".join(e["msg"] for e in self.events if "Summary - " in e.get("msg", ""))

    def commands(self, kind: str) -> list[str]:
        """The workflow commands of one kind, as they were printed."""
        return [e["raw"] for e in self.events if e.get("command") == kind]

    def seconds(self, step: str) -> float:
        """How long a step ran."""
        ends = [e["executionTime"] for e in self.events if e.get("step") == step and "executionTime" in e]
        return float(max(ends)) / 1e9


@dataclass
class Runner:
    """A machine that runs workflows; `folder` is its own."""

    folder: Path
    install: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def outbox(self) -> Path:
        """Where uploaded artefacts end."""
        return self.folder / "outbox"

    def run(
        self,
        repository: Path,
        workflow: str,
        kind: str,
        event: Mapping[str, Any],
        local: Mapping[str, Path] | None = None,
    ) -> Done:
        """Run a workflow file of `repository` for an event; `local` maps actions to their folders."""
        (self.folder / "home/.config/act").mkdir(parents=True, exist_ok=True)
        (self.folder / "home/.config/act/actrc").touch()
        (self.folder / "event.json").write_text(json.dumps(event))
        shutil.rmtree(self.outbox, ignore_errors=True)
        own = {"SOURCE": str(repository), "OUTBOX": str(self.outbox), "CHECK_CACHE_DIR": str(self.folder / "cache"),
               "CACHE": str(self.folder / "kept"),
               "GITHUB_WORKFLOW_REF": f"octo/shop/{workflow}@refs/pull/1/merge", **self.environment}  # fmt: skip
        command = [require_tool("act"), kind, "-e", self.folder / "event.json", "-W", workflow, "--json", "--no-cache-server",
                   "-P", "ubuntu-24.04=-self-hosted", "-s", f"GITHUB_TOKEN={TOKEN}"]  # fmt: skip
        for key, value in own.items():
            command += ["--env", f"{key}={value}"]
        for action, stub in self._stubs(repository / workflow, local or {}).items():
            command += ["--local-repository", f"{action}={stub}"]
        done = subprocess.run(
            [str(part) for part in command],
            cwd=repository,
            env={"PATH": self._path(), "HOME": str(self.folder / "home"), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        lines = done.stdout.splitlines()
        return Done(
            done.returncode == 0,
            [json.loads(line) for line in lines if line.startswith("{")],
            done.stdout[-6000:] + done.stderr[-2000:],
        )

    def _stubs(self, workflow: Path, local: Mapping[str, Path]) -> dict[str, Path]:
        """A folder for each action that the workflow (or a local action) uses."""
        waiting = [workflow, *(folder / "action.yml" for folder in local.values())]
        uses = {use for file in waiting for use in _uses(yaml.safe_load(file.read_text()))}
        found: dict[str, Path] = {}
        for use in uses:
            repo, _, ref = use.partition("@")
            owner_name = "/".join(repo.split("/")[:2])
            if use in local:
                found[use] = local[use]
                continue
            inner = "/".join(repo.split("/")[2:])
            folder = self.folder / "stubs" / owner_name
            (folder / inner).mkdir(parents=True, exist_ok=True)
            (folder / inner / "action.yml").write_text(STUBS[BY_ACTION.get(repo, "nothing")])
            found[f"{owner_name}@{ref}"] = folder
        return found

    def _path(self) -> str:
        if self.install:
            return os.pathsep.join([str(Path(sys.executable).resolve().parent), "/usr/bin", "/bin"])
        shims = self.folder / "shims"
        shims.mkdir(exist_ok=True)
        for name in ("python", "python3"):
            (shims / name).write_text(PYTHON.format(python=sys.executable))
            (shims / name).chmod(0o755)
        return os.pathsep.join([str(shims), "/usr/bin", "/bin"])


def _uses(node: Any) -> set[str]:
    if isinstance(node, list):
        return {use for item in node for use in _uses(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["uses"]} if isinstance(node.get("uses"), str) else set()
    return own | {use for item in node.values() for use in _uses(item)}


def exported(folder: Path) -> Path:
    """Copy the files that make the action, as GitHub would hand them out."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True)  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith(("tests/", "docs/", "benchmarks/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder
