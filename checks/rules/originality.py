"""The rule about whose work a repository is."""

from __future__ import annotations

from checks.evidence.originality import Originality
from checks.model import MARKED_SHARE, Location, Verdict, check, failed, not_applicable, passed, percent, unknown


@check("originality.own-work", effort="large", advisory=True)
def is_their_own_work(originality: Originality) -> Verdict:
    """What was added to the starter is the learner's own work.

    A portfolio shows what you can do, and the reference solution shows what its authors can do. The code is compared
    with fingerprints of the starter and of the reference, which see through new names, another format and another
    order. A repository in which at least half of what was added is the reference's, or which holds at least half of
    the reference, is marked so on its scorecard, whatever it scores. Points are not touched.

    Read the reference to learn from it, close it, and write the parts named here yourself.
    """
    summary = originality.summary
    if summary is None:
        return not_applicable("This project has no reference solution to compare with.")
    if not (summary.reference or summary.own or originality.unread):
        return not_applicable("Nothing was added to the starter yet.")
    places = [Location(file.path, file.line) for file in summary.files[:20]]
    actual = f"{percent(summary.copied)} of what was added, {percent(summary.contained)} of the reference"
    if summary.largely_reference:
        return failed("The code is largely the reference solution's.", *places,
                      expected=f"less than {percent(MARKED_SHARE, 0)}", actual=actual)  # fmt: skip
    if originality.unread:
        return unknown(f"{originality.unread[0]} is too large to be compared.")
    return passed("What was added to the starter is largely the learner's own.", *places, actual=actual)
