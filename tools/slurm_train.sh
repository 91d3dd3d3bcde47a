#!/usr/bin/env bash
# Train on a Slurm cluster.
#
#   GPUS=4 GPUS_PER_NODE=4 bash tools/slurm_train.sh PARTITION JOB_NAME \
#       CONFIG [arguments of train.py]
#
# CPUS_PER_TASK, SRUN_ARGS (more arguments of srun), PORT and PYTHON may be
# set. GPUS_PER_NODE=0 trains without a GPU, with GPUS processes.
set -euo pipefail

if [ $# -lt 3 ]; then
    echo "usage: bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG" \
        "[arguments]" >&2
    exit 2
fi

GPUS=${GPUS:-4}
GPUS_PER_NODE=${GPUS_PER_NODE:-$((GPUS < 8 ? GPUS : 8))}
export MASTER_PORT=${PORT:-$((20000 + RANDOM % 20000))}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

resources=(--ntasks="$GPUS" --cpus-per-task="${CPUS_PER_TASK:-5}")
if [ "$GPUS_PER_NODE" -gt 0 ]; then
    resources+=(--gres=gpu:"$GPUS_PER_NODE")
    resources+=(--ntasks-per-node="$GPUS_PER_NODE")
fi

# SRUN_ARGS is a list of words.
# shellcheck disable=SC2086
exec srun \
    --partition="$1" \
    --job-name="$2" \
    "${resources[@]}" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$(dirname "$0")/train.py" "$3" \
    --launcher slurm "${@:4}"
