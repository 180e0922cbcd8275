# `make image` gives the digest of the base image that it finds; a plain build takes what the tag means
ARG PYTHON=python:3.13-slim
FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/evalhub && python -m venv /opt/build
WORKDIR /source
# the dependencies change less often than the code: a layer of their own, each file checked by its hash
COPY .ci/requirements.txt .ci/build-requirements.txt .ci/
RUN /opt/evalhub/bin/pip install --require-hashes --only-binary :all: --requirement .ci/requirements.txt
RUN /opt/build/bin/pip install --require-hashes --only-binary :all: --requirement .ci/build-requirements.txt
COPY pyproject.toml README.md LICENSE CHANGELOG.md CONTRIBUTING.md ./
COPY evalhub evalhub
COPY reviews reviews
COPY runners runners
COPY docs docs
RUN /opt/build/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheels . && /opt/evalhub/bin/pip install --no-index --no-deps /wheels/*.whl

FROM ${PYTHON}
ARG PYTHON
LABEL org.opencontainers.image.base.name=${PYTHON}
RUN useradd --uid 10001 --create-home evalhub && install --directory --owner evalhub --mode 0700 /data
COPY --from=build /opt/evalhub /opt/evalhub
ENV PATH=/opt/evalhub/bin:$PATH EVALHUB_HOME=/data PYTHONUNBUFFERED=1
USER evalhub
WORKDIR /data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["evalhub"]
CMD ["up", "--host", "0.0.0.0"]
