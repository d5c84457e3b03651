"""The documents of a project's starter, and what they promise each other."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

TEMPLATES = Path(__file__).parents[2] / "templates"
METHODS = {"get", "post", "put", "patch", "delete"}

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"TODO\((m\d+\.\d+)\)")


@dataclass(frozen=True)
class Documents:
    """The starter of a project as it lies in `templates/`, with answers to render its documents with."""

    folder: str
    answers: Mapping[str, str]

    @property
    def project(self) -> Path:
        return TEMPLATES / self.folder

    @property
    def starter(self) -> Path:
        return self.project / "starter"

    @cached_property
    def plan(self) -> dict[str, Any]:
        return tomllib.loads((self.project / "project.toml").read_text(encoding="utf-8"))

    @cached_property
    def contract(self) -> dict[str, Any]:
        contract: dict[str, Any] = yaml.safe_load((self.starter / "docs/openapi.yaml").read_text(encoding="utf-8"))
        return contract

    @cached_property
    def tasks(self) -> dict[str, str]:
        return {task["id"]: task["title"] for milestone in self.plan["milestones"] for task in milestone["tasks"]}

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Each method, path and operation of the contract."""
        for path, item in self.contract["paths"].items():
            for method in sorted(METHODS & item.keys()):
                yield method, path, item[method]

    def examples(self) -> Iterator[tuple[str, Any]]:
        """Each example of the contract, with the JSON pointer of the schema that it must fit."""
        yield from _examples(self.contract, "")
        for name, schema in self.contract["components"]["schemas"].items():
            for example in schema.get("examples", []):
                yield f"/components/schemas/{name}", example

    def wrong_examples(self) -> list[str]:
        """What the schemas say of examples that don't fit them."""
        registry: Registry[Any] = Registry().with_resource("urn:contract", DRAFT202012.create_resource(self.contract))
        wrong = []
        for pointer, value in self.examples():
            validator = Draft202012Validator({"$ref": f"urn:contract#{pointer}"}, registry=registry)
            wrong += [f"{pointer}: {error.message}" for error in validator.iter_errors(value)]
        return wrong

    def milestone(self, id_: str) -> str:
        """The text of a milestone's document."""
        docs = next(entry["docs"] for entry in self.plan["milestones"] if entry["id"] == id_)
        return (self.starter / docs).read_text(encoding="utf-8")

    def sections(self, milestone: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The id and the title of each task that a milestone's document has a section for."""
        return re.findall(r"^### (m\d+\.\d+) (.+)$", self.milestone(milestone["id"]), re.MULTILINE)

    def flaws_of_form(self, milestone: Mapping[str, Any]) -> list[str]:
        """What a milestone's document lacks: head line, headings, three hints."""
        text = self.milestone(milestone["id"])
        title = f"# {milestone['id']} · {milestone['title']}\n\nWeek {milestone['week']}, "
        wanted = ("Goal", "Why it matters in the job", "Tasks", "How it is graded", "Hints", "Reading")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        flaws = [f"no heading {heading}" for heading in wanted if heading not in headings]
        if not text.startswith(title):
            flaws.append(f"doesn't start with {title!r}")
        if f" · {milestone['points']} points · " not in text.splitlines()[2]:
            flaws.append("states other points")
        if not text.count("<details>") == text.count("</details>") == 3:
            flaws.append("has not three hints")
        return flaws

    def rendered_markdown(self) -> dict[str, str]:
        """The starter's Markdown by the path it has in a generated repository."""
        context = {
            **self.answers,
            "project_folder": self.folder,
            "project_id": self.plan["id"],
            "project_title": self.plan["title"],
            "template_version": "0.1.0",
            "milestones": [{**milestone, "due": "2026-12-01"} for milestone in self.plan["milestones"]],
        }
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
        )
        pages = {path: path.read_text(encoding="utf-8") for path in self.starter.rglob("*.md")}
        for path in self.starter.rglob("*.md.jinja"):
            pages[path] = environment.from_string(path.read_text(encoding="utf-8")).render(context)
        return {str(path.relative_to(self.starter)).removesuffix(".jinja"): text for path, text in pages.items()}

    def markers(self, *folders: str) -> list[tuple[str, str]]:
        """Each TODO(mN.K) below the folders (default: everywhere), the documents that explain it left out."""
        found = []
        for root in [self.starter / folder for folder in folders] or [self.starter]:
            for path in sorted(root.rglob("*")):
                name = path.relative_to(self.starter)
                if path.is_file() and "docs" not in name.parts:
                    # Whoever works on the starter may have left compiled files and caches in it.
                    found += [(str(name), task) for task in MARKER.findall(path.read_text("utf-8", errors="replace"))]
        return found

    def broken_links(self) -> list[str]:
        """The relative links of all documents that lead to no file."""
        broken = []
        for page, text in self.rendered_markdown().items():
            for target in LINK.findall(FENCED.sub("", text)):
                if re.match(r"[a-z]+:", target) or target.startswith("#"):
                    continue
                path = (self.starter / page).parent / target.partition("#")[0]
                if not (path.exists() or path.with_name(f"{path.name}.jinja").exists()):
                    broken.append(f"{page}: {target}")
        return broken

    def alerts_without_runbook(self) -> list[str]:
        """The alerts that have no runbook, or whose runbook is linked or listed wrongly."""
        groups = yaml.safe_load((self.starter / "ops/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
        alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
        index = (self.starter / "docs/runbooks/README.md").read_text(encoding="utf-8")
        wrong = [] if alerts else ["there is no alert"]
        for rule in alerts:
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", rule["alert"]).lower()
            runbook = self.starter / f"docs/runbooks/{name}.md"
            line = f"| {rule['alert']} | {rule['labels']['severity']} | [{name}]({name}.md) |"
            if not (
                runbook.read_text(encoding="utf-8").startswith(f"# {rule['alert']}\n")
                and rule["annotations"]["runbook_url"].endswith(f"/docs/runbooks/{name}.md")
                and line in index
            ):
                wrong.append(rule["alert"])
        return wrong

    def unexplained_variables(self) -> set[str]:
        """Variables that only one of README and `.env.example` knows."""
        example = (self.starter / ".env.example").read_text(encoding="utf-8")
        named = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) | {"PORT"}
        explained = set(re.findall(r"^\| `([A-Z_]+)` \|", self.rendered_markdown()["README.md"], re.MULTILINE))
        return named ^ explained


def _examples(node: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        if "schema" in node and isinstance(node.get("examples"), dict):
            for example in node["examples"].values():
                yield f"{pointer}/schema", example["value"]
        for key, child in node.items():
            yield from _examples(child, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
