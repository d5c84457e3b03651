"""Prometheus' text format."""

from __future__ import annotations

from checks.acceptance import metrics

TEXT = """\
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="GET",route="/a \\"b\\"",status="200"} 3 1395066363000
http_requests_total{method="GET",route="/c",status="404"} 1.5e1
http_requests_total_created{method="GET"} 9
up 1
nonsense
"""


def test_samples_have_their_labels_and_values() -> None:
    assert metrics.samples(TEXT, "http_requests_total") == [
        ({"method": "GET", "route": '/a \\"b\\"', "status": "200"}, 3.0),
        ({"method": "GET", "route": "/c", "status": "404"}, 15.0),
    ]
    assert metrics.samples(TEXT, "up") == [({}, 1.0)]


def test_labels_count_in_any_order_and_names_as_a_whole() -> None:
    text = '# TYPE hits counter\nhits{route="/a",status="200"} 2.0\nhits{status="200",route="/b"} 3.0\nhits_x 9\n'
    assert metrics.total(text, "hits", status="200") == 5
    assert metrics.total(text, "hits", route="/a", status="200") == 2
    assert metrics.total(text, "hits", status="500") == 0


def test_samples_are_added_up_by_labels() -> None:
    assert metrics.total(TEXT, "http_requests_total", method="GET") == 18
    assert metrics.total(TEXT, "http_requests_total", method="GET", status="404") == 15
    assert metrics.total(TEXT, "http_requests_total", method="POST") == 0
