#!/usr/bin/env bash
# Writes the logs again, with the tools themselves: each in an environment of its own.
#   LM_EVAL=…/lm_eval INSPECT=…/inspect PROMPTFOO=…/promptfoo EEE=…/every_eval_ever ./make.sh
set -euo pipefail
cd "$(dirname "$0")"
into=$(cd .. && pwd)
python3 models.py 8123 & models=$!
trap 'kill $models' EXIT
sleep 1
export OPENAI_API_KEY=none LOCAL_API_KEY=none LOCAL_BASE_URL=http://127.0.0.1:8123/v1
export INSPECT_DISPLAY=plain HF_HUB_OFFLINE=1
export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1

rm -rf "$into/lm-eval" "$into/inspect" "$into/promptfoo" "$into/every-eval-ever"
for arm in base tuned; do
  chat=model=acme/$arm,base_url=http://127.0.0.1:8123/v1/chat/completions,num_concurrent=1
  "$LM_EVAL" run --model local-chat-completions --model_args "$chat,tokenized_requests=False" \
    --apply_chat_template --include_path . --tasks sums,votes \
    --output_path "$into/lm-eval/$arm" --log_samples
  # beside it the "dummy" model, which guesses, on a task of multiple choice
  "$LM_EVAL" run --model dummy --seed ${#arm} --include_path . --tasks parity \
    --output_path "$into/lm-eval/$arm-guesses" --log_samples
  logs=$(mktemp -d)
  "$INSPECT" eval adding.py --model openai-api/local/$arm --log-dir "$logs/eval"
  "$INSPECT" eval adding.py --model openai-api/local/$arm --log-dir "$logs/json" \
    --log-format json --limit 2 --epochs 1
  mkdir -p "$into/inspect" "$into/every-eval-ever/$arm"
  mv "$logs"/eval/*.eval "$into/inspect/$arm.eval"
  mv "$logs"/json/*.json "$into/inspect/$arm.json"
  "$EEE" convert inspect --log_path "$into/inspect/$arm.eval" --output_dir "$logs/eee" \
    --source_organization_name Acme --evaluator_relationship third_party
  find "$logs/eee" -name '*_samples.jsonl' -o -name '*.json' | grep -v adapter_reports |
    xargs -I F mv F "$into/every-eval-ever/$arm/"
done
"$PROMPTFOO" eval -c promptfooconfig.yaml --no-cache --no-table -o ../promptfoo/results.json || true
