# `remit` as an image. Versions are those of the lock, and each is checked by its hash.
FROM python:3.11-slim AS build
COPY requirements/build.txt /tmp/build.txt
RUN pip install --no-cache-dir --require-hashes -r /tmp/build.txt
COPY . /src
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheel /src

FROM python:3.11-slim
COPY requirements/run.txt /tmp/run.txt
RUN pip install --no-cache-dir --require-hashes -r /tmp/run.txt
RUN --mount=type=bind,from=build,source=/wheel,target=/wheel \
    pip install --no-cache-dir --no-deps --no-index /wheel/*.whl

# A named volume takes the owner and mode of the folder it is mounted on.
RUN useradd --system --uid 10001 remit && install -d -o remit -g remit -m 0700 /data /keys /vault /bundle /spool
USER remit
# Keys and vault never lie under the data folder, and never in its backup.
ENV REMIT_DATA=/data REMIT_KEYS=/keys REMIT_VAULT=/vault
VOLUME ["/data", "/keys", "/vault"]
ENTRYPOINT ["remit"]
CMD ["run"]
