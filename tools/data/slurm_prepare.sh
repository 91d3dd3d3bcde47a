#!/usr/bin/env bash
# Prepare a corpus on a Slurm cluster: an array of jobs, then one that merges.
#
#   JOBS=64 bash tools/data/slurm_prepare.sh PARTITION JOB_NAME \
#       SRC --out DIR [arguments of prepare_av.py]
#
# CPUS_PER_TASK, SBATCH_ARGS (more arguments of sbatch) and PYTHON may be set.
# The same command again goes on with what is not finished.
set -euo pipefail

if [ $# -lt 3 ]; then
    echo "usage: bash tools/data/slurm_prepare.sh PARTITION JOB_NAME" \
        "ARGUMENTS" >&2
    exit 2
fi

CPUS=${CPUS_PER_TASK:-4}
here=$(cd "$(dirname "$0")" && pwd)
# SBATCH_ARGS is a list of words.
# shellcheck disable=SC2206
submit=(sbatch --parsable --partition="$1" --job-name="$2" ${SBATCH_ARGS:-})
command=$(printf '%q ' "${PYTHON:-python}" -u "$here/prepare_av.py" "${@:3}")

jobs=$("${submit[@]}" --array=1-"${JOBS:-64}" --cpus-per-task="$CPUS" \
    --requeue --wrap "$command --shard slurm --num-workers $CPUS")
# After any end of the jobs: it tells which of them have not finished.
merge=$("${submit[@]}" --dependency=afterany:"${jobs%%;*}" \
    --wrap "$command --merge")
echo "jobs ${jobs%%;*}, then ${merge%%;*}, which merges"
