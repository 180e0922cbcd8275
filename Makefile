.PHONY: setup run demo check test fix tables schemas openapi commands pictures lock image bench

setup:  ## the environment, with everything for development
	uv sync

run:  ## the site and its worker on localhost
	uv run evalhub up

demo:  ## a whole study on real answers, then the site
	uv run evalhub demo

check:  ## style, types and layers, without running anything
	uv run ruff check
	uv run ruff format --check
	uv run mypy
	uv run lint-imports

test:  ## everything, check included
	uv run pytest

fix:  ## what can be put right without thinking
	uv run ruff check --fix
	uv run ruff format

tables:  ## the empty database that a fresh home starts from; after each change of a migration
	uv run .ci/tables.py

schemas:  ## the JSON Schemas in docs/, after each change of what is declared
	uv run python -m evalhub.studies.file.schemas

openapi:  ## the document of the REST interface, after each change of an endpoint
	uv run .ci/openapi.py

commands:  ## the page on the command line, after each change of a command
	uv run python -m evalhub.cli.reference > docs/reference/cli.md

pictures:  ## the documents' pictures, after each change of how they look
	uv run python -m tests.pictures.figures
	uv run python -m tests.pictures

lock:  ## take the newest versions, and pin them in pyproject.toml and, by hash, for the image
	uv run --no-project .ci/pin.py
	uv sync

image:  ## the container image, on the base image that the tag means now, by its digest
	digest=$$(docker buildx imagetools inspect python:3.13-slim --format '{{.Manifest.Digest}}') && \
	  docker build --build-arg PYTHON=python:3.13-slim@$$digest --tag evalhub:latest .

bench:  ## the measured promises: imports, pages, large runs
	for file in tests/benchmarks/[a-z]*.py; do uv run python -m tests.benchmarks.$$(basename $$file .py); done
