"""The GitHub action: decide in pure modules (texts, annotations, differences), then do with a thin client.

`python -I -m checks.github grade` measures in an untrusted job, `python -I -m checks.github report` tells the pull
request in a trusted one, with nothing of the repository but the artefact.
"""
