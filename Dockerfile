# syntax=docker/dockerfile:1
# The image holds glibc, certificates and one executable: no shell, no package manager, no root.
ARG BUILD_IMAGE=docker.io/denoland/deno:debian-2.9.6
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot
# Release builds pin the base by its digest: --build-arg BASE_DIGEST=@sha256:...
ARG BASE_DIGEST=

FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
ARG TARGETARCH
WORKDIR /src
COPY deno.json deno.lock main.ts ./
COPY src ./src
RUN set -eu; \
  case "$TARGETARCH" in \
    amd64) target=x86_64-unknown-linux-gnu ;; \
    arm64) target=aarch64-unknown-linux-gnu ;; \
    *) echo "Cannot build for $TARGETARCH: it must be amd64 or arm64" >&2; exit 1 ;; \
  esac; \
  deno compile --target "$target" --v8-flags=--memory-saver-mode --exclude-unused-npm --frozen \
    -P=container --output /out/zen-watcher main.ts; \
  ls -l /out/zen-watcher; \
  mkdir -p /out/spool

FROM ${BASE_IMAGE}${BASE_DIGEST}
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="zen-watcher" \
  org.opencontainers.image.description="Findings of security and operations tools as Observations" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.source="https://github.com/kube-zen/zen-watcher" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}"
COPY --from=build /out/zen-watcher /usr/local/bin/zen-watcher
COPY --from=build --chown=65532:65532 /out/spool /var/lib/zen-watcher
USER 65532:65532
# Webhooks; metrics and health, which the platform asks for.
EXPOSE 8080 9090
ENTRYPOINT ["/usr/local/bin/zen-watcher"]
CMD ["run"]
