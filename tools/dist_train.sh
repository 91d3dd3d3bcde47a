#!/usr/bin/env bash
# Train in several processes: one for each GPU, or, without a GPU, as many as
# asked for.
#
#   bash tools/dist_train.sh CONFIG PROCESSES [arguments of train.py]
#
# Several machines: NNODES, NODE_RANK, MASTER_ADDR and PORT, the same command
# on each. On one machine a PORT (29500) that is taken is replaced by a free
# one. PYTHON names the interpreter.
set -euo pipefail

if [ $# -lt 2 ]; then
    echo "usage: bash tools/dist_train.sh CONFIG PROCESSES [arguments]" >&2
    exit 2
fi

port=${PORT:-29500}
if [ "${NNODES:-1}" = 1 ]; then
    while (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        taken=$port port=$((20000 + RANDOM % 20000))
        echo "port $taken is taken; trying $port" >&2
    done
fi

export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="$port" \
    --nproc_per_node="$2" \
    "$(dirname "$0")/train.py" "$1" --launcher pytorch "${@:3}"
