#!/usr/bin/env bash
# Sees to it that every image that docker-compose.yml, the Dockerfiles and a broker in Docker need is here: each is pulled,
# and where that fails one of the same name is built from Debian (debootstrap), with the same programs, users and folders, and
# the same interface as far as it is used here. Needs root, docker, debootstrap, java, mvn and npm. For tests: an image made
# here is a stand-in, and its label says so.
#
#   test/compose/local-images.sh [--forget]      --forget removes what it made
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
label=com.github.cf-audit-drain.stand-in

# By name, because an image others are made of cannot be removed by its id. What was made of a stand-in has its label too.
forget() {
  docker image ls --filter "label=$label" --format '{{.Repository}}:{{.Tag}}' | grep --invert-match '<none>' |
    xargs --no-run-if-empty docker image rm --force
}

# An image that is here, or can be had: then there is nothing to build.
have() {
  docker image inspect "$1" >/dev/null 2>&1 && return
  timeout 60 docker pull --quiet "$1" 2>/dev/null && return
  echo "$1 cannot be pulled; building a stand-in" >&2
  return 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

debian() {
  debootstrap --variant=minbase bookworm "$work/debian" >"$work/debootstrap.log" || {
    tail -n 20 "$work/debootstrap.log" >&2
    return 1
  }
  # The security updates that a Debian image has too.
  rm -rf "$work"/debian/var/lib/apt/lists/* "$work"/debian/var/cache/apt/archives/*.deb
  tar -C "$work/debian" -c . | docker import --change "LABEL $label=1" - "$1" >/dev/null
  rm -rf "$work/debian"
}

# The Dockerfile is the standard input, the context the folder.
build() {
  docker build --quiet --label "$label=1" --tag "$1" --file - "$2" >/dev/null
}

# Node of the same major version and its npm, from npm's packages; the certificates of this machine, whose npm may go
# through something that needs them.
node() {
  local context=$work/node major=${1#node:}
  major=${major%%-*}
  mkdir -p "$context/prefix"
  npm install --silent --no-audit --no-fund --global --prefix "$context/prefix" "node@$major" "npm@11"
  cp -L /etc/ssl/certs/ca-certificates.crt "$context/"
  build "$1" "$context" <<'DOCKERFILE'
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1 && rm -rf /var/lib/apt/lists/*
COPY prefix /usr/local
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
DOCKERFILE
}

# The official jars, and the class of theirs that turns KAFKA_… variables into server.properties, as the image runs it.
kafka() {
  local context=$work/kafka
  mkdir -p "$context/libs"
  "$root/node_modules/node/bin/node" "$root/packages/kafka-broker/src/main.ts" --fetch-only
  cp "${XDG_CACHE_HOME:-$HOME/.cache}/cf-audit-drain/kafka-${1#*:}"/*.jar "$context/libs/"
  cp "$here/kafka-image-run.sh" "$context/run"
  build "$1" "$context" <<'DOCKERFILE'
FROM debian:12-slim
RUN apt-get update \
  && mkdir -p /usr/share/man/man1 \
  && apt-get install -y --no-install-recommends openjdk-17-jre-headless \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 1000 --create-home appuser \
  && install -d -o appuser -g appuser /opt/kafka /opt/kafka/config /opt/kafka/logs /mnt/shared/config \
  && install -d -o appuser -g root -m 0775 /var/lib/kafka/data /etc/kafka/secrets /etc/kafka/docker
COPY libs /opt/kafka/libs
COPY run /etc/kafka/docker/run
RUN touch /etc/kafka/docker/server.properties /etc/kafka/docker/log4j2.yaml /etc/kafka/docker/tools-log4j2.yaml
USER appuser
EXPOSE 9092
VOLUME ["/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"]
CMD ["/etc/kafka/docker/run"]
DOCKERFILE
}

# prometheus, or prometheus-alertmanager: the program, its user and its folder.
prometheus() {
  local package=$2 program=$3 folder=$4
  mkdir -p "$work/empty"
  build "$1" "$work/empty" <<DOCKERFILE
FROM debian:12-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends $package wget \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o nobody -g nogroup $folder
USER nobody
WORKDIR $folder
ENTRYPOINT ["/usr/bin/$program"]
DOCKERFILE
}

if [[ ${1:-} == --forget ]]; then
  forget
  exit
fi

image() {
  grep -hoE "(image: |FROM )$1[^ ]*" "$root/docker-compose.yml" "$root/Dockerfile" | head -n 1 | cut -d' ' -f2
}

base=debian:12-slim
have "$base" || debian "$base"
builder=$(image node:)
have "$builder" || node "$builder"
broker=$(image apache/kafka:)
have "$broker" || kafka "$broker"
scraper=$(image prom/prometheus:)
have "$scraper" || prometheus "$scraper" prometheus prometheus /prometheus
bell=$(image prom/alertmanager:)
have "$bell" || prometheus "$bell" prometheus-alertmanager prometheus-alertmanager /alertmanager
