"""Which media type an Accept header gets."""

import pytest

from data_platform.api.negotiation import NotAcceptableError, choose

OFFERED = ("application/json", "text/csv", "text/html")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ([], "application/json"),
        ([""], "application/json"),
        (["*/*"], "application/json"),
        (["application/json"], "application/json"),
        (["text/csv"], "text/csv"),
        (["TEXT/CSV"], "text/csv"),
        (["text/csv; charset=utf-8"], "text/csv"),
        ([BROWSER], "text/html"),
        (["text/*"], "text/csv"),
        (["text/csv;q=0.5, text/html;q=0.6"], "text/html"),
        (["text/csv;q=0.6, text/html;q=0.5"], "text/csv"),
        (["text/csv;q=0.5, */*;q=0.1"], "text/csv"),
        (["text/html;q=1.000, text/csv;q=0.999"], "text/html"),
        (["text/html; level=1; q=0.2, text/csv;q=0.1"], "text/html"),
        (["application/json;q=0, */*"], "text/csv"),
        (["text/*;q=0, */*;q=0.1"], "application/json"),
        (["text/csv;q=0, text/*"], "text/html"),
        (["application/pdf", "text/html"], "text/html"),
        (["text/csv;q=2, text/html;q=0.1"], "text/html"),
        (["text/csv;q=high"], "application/json"),
    ],
)
def test_the_best_rated_type_is_chosen(accept: list[str], chosen: str) -> None:
    assert choose(accept, OFFERED) == chosen


@pytest.mark.parametrize(
    "accept", ["application/pdf", "*/*;q=0", "text/csv;q=0", "image/*", "text/csv;q=0.0, application/pdf"]
)
def test_nothing_that_is_offered_is_wanted(accept: str) -> None:
    with pytest.raises(NotAcceptableError) as refusal:
        choose([accept], OFFERED)
    assert str(refusal.value) == "Offered are application/json, text/csv and text/html."
