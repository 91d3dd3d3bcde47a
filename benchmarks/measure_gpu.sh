#!/usr/bin/env bash
# The figures that only a GPU can tell, in about ten minutes, the most wanted
# first.
#
#   bash benchmarks/measure_gpu.sh OUT [GRID]
#
# OUT    folder for the figures (JSON), logs and checkpoints
# GRID   what tools/data/build_grid_lists.py has written: train on it, too
#
# A part that fails or takes more than LIMIT seconds (default 240) does not
# stop the others. WORKERS (default: the cores) load data, OPTIONS are added
# to the --cfg-options of each step benchmark, REPEATS and STEPS are theirs,
# and PYTHON names the interpreter.
set -uo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: bash benchmarks/measure_gpu.sh OUT [GRID]" >&2
    exit 2
fi

mkdir -p "$1" || exit
out=$(realpath "$1")
grid=${2:+$(realpath "$2")}
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
workers=${WORKERS:-$(nproc)}
read -ra options <<<"${OPTIONS:-}"
failed=()

# part NAME SCRIPT [ARGUMENTS]: its output goes to NAME.log, the end to here.
part() {
    local name=$1 begin=$SECONDS
    if timeout "${LIMIT:-240}" "${PYTHON:-python}" -W ignore "${@:2}" \
        >"$out/$name.log" 2>&1; then
        echo "== $name: $((SECONDS - begin)) s"
    else
        echo "== $name: failed after $((SECONDS - begin)) s"
        failed+=("$name")
    fi
    tail -n 25 "$out/$name.log"
}

# step NAME CONFIG [ARGUMENTS]: benchmark of its training step.
step() {
    part "$1" benchmarks/benchmark_train.py "$2" \
        --json "$out/$1.json" --repeats "${REPEATS:-3}" \
        --steps "${STEPS:-10}" "${@:3}" \
        ${options[0]+--cfg-options "${options[@]}"}
}

small=configs/avts_kinetics_112.py
switched=bf16+channels_last

step step_112 $small --variants fp32 bf16 $switched $switched+compile
if [ -n "$grid" ]; then
    part grid tools/train.py configs/avts_grid_112.py --seed 0 \
        --work-dir "$out/grid" --cfg-options train_cfg.val_interval=1 \
        model.video_backbone.channels_last=True \
        train_dataloader.dataset.data_root="$grid" \
        val_dataloader.dataset.data_root="$grid" \
        test_dataloader.dataset.data_root="$grid"
fi
step torchvision $small --variants fp32 $switched --torchvision
step step_224 configs/avts_kinetics.py --variants fp32 bf16 $switched
part loader benchmarks/benchmark_loader.py $small --rounds 3 \
    --work-dir "$out/loader" --json "$out/loader.json" \
    --num-workers "$workers" \
    --only prepared raw mmaction2_raw bare_prepared
# A training fed by these files; its log tells data_time beside time.
part fed tools/train.py $small --seed 0 --no-validate --work-dir "$out/fed" \
    --cfg-options train_cfg.max_epochs=1 \
    train_dataloader.dataset.data_root="$out/loader/prepared" \
    train_dataloader.dataset.ann_file=annotation.csv \
    train_dataloader.sampler.pairs_per_video=40 \
    train_dataloader.num_workers="$workers" train_dataloader.pin_memory=True \
    model.video_backbone.channels_last=True \
    optim_wrapper.type=BFloat16OptimWrapper
part plan benchmarks/plan_scaling.py $small \
    --loader "$out/loader.json" --step "$out/step_112.json" \
    --corpus "$out/loader/prepared"

if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}" >&2
    exit 1
fi
