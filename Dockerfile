# The command cf-audit-drain on the Node that package-lock.json pins. Without a configuration it shows a simulated foundation:
#   docker build -t cf-audit-drain . && docker run --rm --read-only --tmpfs /tmp cf-audit-drain
# docker-compose.yml has the whole: Kafka, poller, sink, SIEM, alerts.

# Any npm does: what runs in the end is the npm package `node`, fetched here with the other production dependencies.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY . .
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund && rm -rf node_modules/node/node_modules

FROM debian:12-slim
# The pinned Node needs libatomic.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libatomic1 ca-certificates \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
  && groupadd --gid 10001 drain \
  && useradd --uid 10001 --gid drain --home-dir /data --shell /usr/sbin/nologin drain \
  && install -d -o drain -g drain -m 0700 /data
COPY --from=packages /app /app
ENV PATH=/app/services/cli/bin:$PATH \
  DATA_DIR=/data \
  HTTP_ADDRESS=0.0.0.0:9470
USER 10001:10001
EXPOSE 9470
# Alive, not ready: a SIEM or a Kafka that is away is no reason to restart this.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["/app/node_modules/node/bin/node", "-e", "fetch('http://127.0.0.1:9470/healthz').then(answer => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["cf-audit-drain"]
CMD ["start"]
