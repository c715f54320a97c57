#!/usr/bin/env bash
# What the stand-in for the image apache/kafka runs. As in the image: KAFKA_… variables and /mnt/shared/config become
# /opt/kafka/config/server.properties and the storage is formatted, by Kafka's own class for that; then the broker starts.
set -euo pipefail
export CLUSTER_ID=${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}
kafka=/opt/kafka
for folder in "$kafka/config" "$kafka/logs"; do
  [[ -w $folder ]] || {
    echo "$folder is not writable"
    exit 1
  }
done
setup=(kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker)
setup+=(--mounted-configs-dir /mnt/shared/config --final-configs-dir "$kafka/config")
said=$(java -Xmx256m -cp "$kafka/libs/*" "${setup[@]}" 2>&1) || grep --quiet --ignore-case 'already formatted' <<<"$said" || {
  echo "$said"
  exit 1
}
# shellcheck disable=SC2086
exec java ${KAFKA_HEAP_OPTS:--Xms1G -Xmx1G} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  "-Xlog:gc*:file=$kafka/logs/kafkaServer-gc.log:time,tags:filecount=2,filesize=1M" \
  -cp "$kafka/libs/*" kafka.Kafka "$kafka/config/server.properties"
