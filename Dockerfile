FROM python:3.13-slim AS build
ENV UV_PROJECT_ENVIRONMENT=/opt/evalhub UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv
WORKDIR /source
# the dependencies change less often than the code: a layer of their own
COPY pyproject.toml README.md LICENSE ./
RUN uv sync --no-dev --no-install-project
COPY evalhub evalhub
COPY reviews reviews
COPY runners runners
COPY CHANGELOG.md CONTRIBUTING.md ./
COPY docs docs
RUN uv sync --no-dev --no-editable

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home evalhub && install --directory --owner evalhub --mode 0700 /data
COPY --from=build /opt/evalhub /opt/evalhub
ENV PATH=/opt/evalhub/bin:$PATH EVALHUB_HOME=/data PYTHONUNBUFFERED=1
USER evalhub
WORKDIR /data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["evalhub"]
CMD ["up", "--host", "0.0.0.0"]
