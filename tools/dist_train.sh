#!/usr/bin/env bash
# Train in several processes: one for each GPU, or, without a GPU, as many as
# asked for.
#
#   bash tools/dist_train.sh CONFIG PROCESSES [arguments of train.py]
#
# Several machines: NNODES, NODE_RANK, MASTER_ADDR and PORT, the same command
# on each. PYTHON names the interpreter.
set -euo pipefail

if [ $# -lt 2 ]; then
    echo "usage: bash tools/dist_train.sh CONFIG PROCESSES [arguments]" >&2
    exit 2
fi

export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$2" \
    "$(dirname "$0")/train.py" "$1" --launcher pytorch "${@:3}"
