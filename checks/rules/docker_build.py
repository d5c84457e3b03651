"""Rules about how an image is built: what is cached, what is locked, what must not get in, what need not be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from checks.evidence._shell import Command
from checks.evidence.dockerfiles import Dockerfile, Dockerfiles, Instruction
from checks.evidence.ignorefiles import IgnoreFiles
from checks.model import Location, Verdict, check, failed, partial, passed
from checks.rules._containers import absent, at, environment

_WHOLE = frozenset({".", "./", "*", "./*", "./."})
_LISTS = re.compile(r"requirements|lock|constraints|vendor|gems?\Z", re.IGNORECASE)
_SECRET = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|SECRETS|TOKEN|CREDENTIALS?|APIKEY|API_KEY|ACCESS_KEY|PRIVATE_KEY|SECRET_KEY|"
    r"MASTER_KEY)(?:_BASE)?\Z"
)
_LITERAL = re.compile(r"\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----")
_URL_PASSWORD = re.compile(r"(?<![a-z0-9+])[a-z][a-z0-9+]{1,20}://[^:/@\s]{0,200}:[^@\s]{1,200}@")
_SECRET_FILE = re.compile(
    r"(?:^|/)(?:\.env(?:\.(?!example|sample|template|dist|test)[\w.-]+)?|id_(?:rsa|ed25519|ecdsa)|\.netrc|\.pypirc|"
    r"master\.key|[^/]+\.pem|\.aws(?:/.*)?|\.ssh(?:/.*)?)\Z"
)
_BUILD_TOOLS = re.compile(r"(?:build-essential|build-base|gcc|g\+\+|make|cmake|clang|git|[\w.+-]+-dev)\Z")


def _runs(instructions: tuple[Instruction, ...]) -> Iterator[tuple[Instruction, Command]]:
    return ((i, c) for i in instructions if i.name == "RUN" for c in i.commands if c.words)


def _plain(command: Command) -> tuple[str, ...]:
    """Return the words without the path of the program and without `python -m` in front."""
    words = (command.words[0].rsplit("/", 1)[-1], *command.words[1:])
    return words[2:] if words[0].startswith("python") and words[1:2] == ("-m",) else words


def _installs(command: Command) -> bool:
    """Whether the command installs the application's dependencies (not the system's packages)."""
    words = _plain(command)
    return (
        words[:2]
        in {
            ("pip", "install"),
            ("pip3", "install"),
            ("uv", "sync"),
            ("poetry", "install"),
            ("pipenv", "install"),
            ("pipenv", "sync"),
            ("npm", "ci"),
            ("npm", "install"),
            ("npm", "i"),
            ("yarn", "install"),
            ("pnpm", "install"),
            ("pnpm", "i"),
            ("bundle", "install"),
            ("pdm", "install"),
            ("pdm", "sync"),
        }
        or words[:3] in {("uv", "pip", "install"), ("uv", "pip", "sync")}
        or words == ("yarn",)
    )


def _arguments(words: tuple[str, ...]) -> list[str]:
    """Return what a `pip install` names: packages and folders, without options and their values."""
    skip = {"-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-t", "--target",
            "--prefix", "--root", "-f", "--find-links", "--python"}  # fmt: skip
    found: list[str] = []
    rest = iter(words[words.index("install") + 1 :] if "install" in words else ())
    for word in rest:
        if word in skip:
            next(rest, None)
        elif not word.startswith("-"):
            found.append(word)
    return found


@check("docker.layer-cache", effort="small")
def installs_dependencies_before_the_sources(dockerfiles: Dockerfiles) -> Verdict:
    """A change of the sources does not install every dependency again.

    Docker reuses a layer as long as nothing before it changed. When the whole source tree is copied first, each edit
    throws the installed dependencies away, and every build takes minutes instead of seconds.

    Copy the lock file alone, install from it, and only then copy the sources.
    """
    if not dockerfiles.files:
        return absent()
    found = False
    for file in dockerfiles.files:
        for stage in file.stages:
            sources: Instruction | None = None
            for item in file.lineage(stage):
                if item.name in ("COPY", "ADD") and item.flag("from") is None and _copies_sources(item):
                    sources = sources or item
                if item.name == "RUN" and any(_installs(c) and not _only_project(c) for c in item.commands if c.words):
                    found = True
                    if sources is not None:
                        return failed(
                            "The sources are copied before the dependencies are installed.",
                            at(file, sources),
                            at(file, item),
                            expected="the lock file, the installation, then the sources",
                        )
    if not found:
        return failed("No stage installs the application's dependencies.", *(at(f) for f in dockerfiles.files))
    return passed("Dependencies are installed before the sources are copied.", *(at(f) for f in dockerfiles.files))


def _copies_sources(item: Instruction) -> bool:
    for source in item.words[:-1]:
        name = source.rstrip("/").rsplit("/", 1)[-1]
        folder = "." not in name and not _LISTS.search(source) and name not in ("Gemfile", "Pipfile")
        code = name.endswith((".py", ".rb", ".js", ".ts", "*")) and not _LISTS.search(name)
        if source in _WHOLE or folder or code:
            return True
    return False


def _only_project(command: Command) -> bool:
    """Whether a pip command installs the project itself and nothing else (`--no-deps .`)."""
    words = _plain(command)
    return "--no-deps" in words and "-r" not in words


@check("docker.locked-install", effort="small")
def installs_what_is_locked(dockerfiles: Dockerfiles) -> Verdict:
    """The image gets exactly the dependencies that were tested.

    An installation that resolves versions anew ships whatever was released this morning, and without hashes it ships
    whatever the index serves. The image then differs from what the tests ran with, and nobody can build it again.

    Install from the lock: `pip install --require-hashes -r …`, `uv sync --frozen`, `npm ci` or a frozen
    `bundle install`.
    """
    if not dockerfiles.files:
        return absent()
    count = 0
    for file in dockerfiles.files:
        for stage in file.stages:
            lineage = file.lineage(stage)
            variables = environment(lineage)
            for item, command in _runs(lineage):
                if _installs(command):
                    count += 1
                    if why := _unlocked(command, variables, dockerfiles, lineage):
                        return failed(f"`{command.text[:80]}` {why}.", at(file, item))
    if not count:
        return failed("No stage installs the application's dependencies.", *(at(f) for f in dockerfiles.files))
    return passed("Every installation is bound to a lock file.", *(at(f) for f in dockerfiles.files))


def _unlocked(
    command: Command, variables: dict[str, str], dockerfiles: Dockerfiles, lineage: tuple[Instruction, ...]
) -> str | None:
    """Return why an installation is not bound to a lock, or None when it is."""
    words = _plain(command)
    options = set(words)
    tool = words[0]
    if tool in ("pip", "pip3") or words[:2] == ("uv", "pip"):
        return _pip_unlocked(words, dockerfiles)
    if tool == "uv":
        return None if options & {"--frozen", "--locked"} or "UV_FROZEN" in variables else "lacks --frozen"
    if tool in ("npm", "pipenv"):
        return None if words[1] in ("ci", "sync") or "--deploy" in options else "may change the lock"
    if tool in ("yarn", "pnpm"):
        return None if options & {"--frozen-lockfile", "--immutable"} else "lacks --frozen-lockfile"
    if tool == "bundle":
        configured = any(
            c.words[:2] == ("bundle", "config") and {"deployment", "frozen"} & set(c.words) for _, c in _runs(lineage)
        )
        frozen = {"BUNDLE_DEPLOYMENT", "BUNDLE_FROZEN"} & variables.keys() or options & {"--deployment", "--frozen"}
        return None if frozen or configured else "may change Gemfile.lock"
    copied = " ".join(i.value for i in lineage if i.name in ("COPY", "ADD")) + " ".join(
        f for i in lineage for f in i.flags
    )
    return None if f"{tool}.lock" in copied else f"runs without {tool}.lock"


def _pip_unlocked(words: tuple[str, ...], dockerfiles: Dockerfiles) -> str | None:
    packages = _arguments(words)
    files = [v for w, v in pairwise(words) if w in ("-r", "--requirement")]
    files += [w.partition("=")[2] for w in words if w.startswith("--requirement=")]
    if words[1:2] == ("pip",) and "sync" in words:
        files, packages = [w for w in words[3:] if not w.startswith("-")], []
    loose = [p for p in packages if "==" not in p and not _local(p)]
    if loose:
        return f"names {loose[0]} without its version"
    if any(_local(p) for p in packages) and "--no-deps" not in words and not files:
        return "resolves the project's dependencies anew; add --no-deps after installing from the lock"
    for name in files:
        base = name.removeprefix("./").lstrip("/")
        known = any(h == base or h.endswith("/" + base) or base.endswith("/" + h) for h in dockerfiles.hashed)
        known = known or any(h.rsplit("/", 1)[-1] == base.rsplit("/", 1)[-1] for h in dockerfiles.hashed)
        if "--require-hashes" not in words and not known:
            return f"installs {name} without hashes"
    return None


def _local(package: str) -> bool:
    return package.startswith((".", "/")) or package.endswith((".whl", ".tar.gz"))


@check("docker.ignore-file", effort="small")
def keeps_private_files_out_of_the_build(dockerfiles: Dockerfiles, ignores: IgnoreFiles) -> Verdict:
    """The build context holds no history, no secrets and no caches.

    Everything in the context can be copied into an image by one `COPY . .`: the `.env` with real passwords, and a
    `.git` with everything that was ever deleted. Caches make each build slow and different on every machine.

    Write a `.dockerignore` with `.git`, `.env`, `**/__pycache__`, `.venv`, `node_modules`, and keep what you copy.
    """
    if not dockerfiles.files:
        return absent()
    for file in dockerfiles.files:
        ignore = ignores.for_dockerfile(file.path)
        if ignore is None:
            return failed("There is no .dockerignore file.", at(file), expected="a .dockerignore beside the Dockerfile")
        wanted = [".git/config", ".env"]
        if any(path.endswith(".py") for path in ignores.tracked):
            wanted += [".venv/bin/python", "src/app/__pycache__/main.cpython-313.pyc"]
        if "package.json" in ignores.tracked:
            wanted.append("node_modules/express/index.js")
        if let_in := [path for path in wanted if not ignore.excludes(path)]:
            return failed(
                f"The build context would hold files like {let_in[0]}.",
                Location(ignore.path),
                expected=f"out of the context: {', '.join(wanted)}",
                actual=f"let in: {', '.join(let_in)}",
            )
        for item in (i for s in file.stages for i in s.instructions if i.name == "COPY" and i.flag("from") is None):
            for source in item.words[:-1]:
                path = source.removeprefix("./")
                if path in ignores.tracked and ignore.excludes(path):
                    return failed(f"{path} is copied into the image but kept out of its context.", at(file, item))
    return passed("History, secrets and caches stay out of the build.", *(Location(i.path) for i in ignores.files))


@check("docker.no-secrets", effort="small")
def builds_without_secrets(dockerfiles: Dockerfiles) -> Verdict:
    """No secret is written into the image.

    Whoever can pull an image can read every ENV, every ARG and every file of every layer, deleted ones too. A password
    that is in there once has to be changed.

    Give secrets to the running container by its environment, and to a build step by `RUN --mount=type=secret`.
    """
    if not dockerfiles.files:
        return absent()
    for file in dockerfiles.files:
        for item in (i for s in file.stages for i in s.instructions):
            if why := _reveals(item):
                return failed(f"{item.name} {why}.", at(file, item))
    return passed("No secret is written into the image.", *(at(f) for f in dockerfiles.files))


def _reveals(item: Instruction) -> str | None:
    if item.name in ("ENV", "ARG"):
        for name, value in item.pairs():
            if _SECRET.search(name.upper()) and (value or item.name == "ARG"):
                return f"puts {name} into the image's history"
            if _URL_PASSWORD.search(value):
                return f"puts the password of {name} into the image's history"
    if item.name in ("COPY", "ADD"):
        for source in item.words[:-1]:
            if _SECRET_FILE.search(source):
                return f"puts {source} into the image"
    return "holds a key in plain text" if _LITERAL.search(item.text) else None


@check("docker.small-image", effort="medium")
def ships_only_what_runs(dockerfiles: Dockerfiles) -> Verdict:
    """The last stage holds what runs and nothing that only builds.

    Each package more is one more to update when a hole in it is published, and each megabyte is pulled at every
    deployment. Compilers, package lists and download caches are never needed by a running application.

    Start the last stage from a slim base, install with `--no-install-recommends`, remove the package lists in the same
    RUN, use `--no-cache-dir` or a cache mount, and leave compilers to the build stage.
    """
    if not dockerfiles.files:
        return absent()
    wrong: list[tuple[Location, str]] = []
    kinds: set[str] = set()
    for file in dockerfiles.files:
        for kind, item, why in _ballast(file):
            kinds.add(kind)
            wrong.append((at(file, item), why))
    if wrong:
        credit = Fraction(max(0, 4 - len(kinds)), 4)
        return partial(credit, f"The last stage is larger than it need be: {wrong[0][1]}.", *(w for w, _ in wrong))
    return passed("The last stage holds only what runs.", *(at(f) for f in dockerfiles.files))


def _ballast(file: Dockerfile) -> Iterator[tuple[str, Instruction | None, str]]:
    """Yield what makes the final image large: which of four kinds it is, where, and in words."""
    if not file.stages:
        yield from ((kind, None, "there is no stage") for kind in ("base", "tools", "lists", "cache"))
        return
    base = file.base(file.stages[-1])
    if re.search(r"(?:^|/)(?:python|ruby|node):", base) and not re.search("slim|alpine|distroless", base):
        yield "base", None, f"{base} carries a whole build system"
    variables = environment(file.final)
    for item, command in _runs(file.final):
        words = _plain(command)
        cached = any(f.startswith("--mount=") and "type=cache" in f for f in item.flags)
        if words[:1] in (("apt-get",), ("apt",), ("apk",)) and {"install", "add"} & set(words):
            if tools := [w for w in words[2:] if _BUILD_TOOLS.match(w.split("=")[0])]:
                yield "tools", item, f"it installs {tools[0]}"
            if words[0] == "apk" and "--no-cache" not in words and not cached:
                yield "lists", item, "apk add lacks --no-cache"
            elif words[0] != "apk" and "--no-install-recommends" not in words:
                yield "lists", item, "apt-get install lacks --no-install-recommends"
            elif words[0] != "apk" and not cached and "/var/lib/apt/lists" not in item.text:
                yield "lists", item, "the package lists stay in the layer"
        pip = words[:2] in (("pip", "install"), ("pip3", "install"))
        if pip and "--no-cache-dir" not in words and not cached and "PIP_NO_CACHE_DIR" not in variables:
            yield "cache", item, "pip keeps what it downloaded"
