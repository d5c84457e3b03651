"""What several test modules need."""

import pytest

# Their assertions are to say as much as those of a test.
pytest.register_assert_rewrite("tests.support.operations")
