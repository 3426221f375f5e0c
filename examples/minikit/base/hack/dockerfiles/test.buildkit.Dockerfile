# syntax = docker/dockerfile:1.0-experimental

ARG GO_VERSION=1.21
# GO_IMAGE is what everything is built in: this Go, git and a shell
ARG GO_IMAGE=golang:${GO_VERSION}-bookworm

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS buildkit-base
WORKDIR /src
ENV GOFLAGS=-mod=vendor CGO_ENABLED=0

# scan the version/revision info
FROM buildkit-base AS buildkit-version
RUN --mount=target=. \
  PKG=example.com/minikit VERSION=$(git describe --match 'v[0-9]*' --dirty='.m' --always --tags) REVISION=$(git rev-parse HEAD)$(if ! git diff --no-ext-diff --quiet --exit-code; then echo .m; fi); \
  echo "-X ${PKG}/version.Version=${VERSION} -X ${PKG}/version.Revision=${REVISION} -X ${PKG}/version.Package=${PKG}" | tee /tmp/.ldflags; \
  echo -n "${VERSION}" | tee /tmp/.version;

# build buildctl binary
FROM buildkit-base AS buildctl
RUN --mount=target=. --mount=target=/root/.cache,type=cache \
  --mount=source=/tmp/.ldflags,target=/tmp/.ldflags,from=buildkit-version \
  go build -ldflags "$(cat /tmp/.ldflags)" -o /usr/bin/buildctl ./cmd/buildctl

# build buildkitd binary
FROM buildkit-base AS buildkitd
ARG BUILDKITD_TAGS
RUN --mount=target=. --mount=target=/root/.cache,type=cache \
  --mount=source=/tmp/.ldflags,target=/tmp/.ldflags,from=buildkit-version \
  go build -ldflags "$(cat /tmp/.ldflags) -w -extldflags -static" -tags "osusergo netgo static_build seccomp ${BUILDKITD_TAGS}" -o /usr/bin/buildkitd ./cmd/buildkitd

FROM scratch AS binaries
COPY --from=buildctl /usr/bin/buildctl /
COPY --from=buildkitd /usr/bin/buildkitd /

FROM buildkit-base AS integration-tests
COPY --from=binaries / /usr/bin/
COPY . .

FROM binaries
