# Read by corpus.sh: which rulers run, and the figures a change must not fall below.
ruler "web requests" "$tools/run_web.py" "$root/palisade" lines "$data/web" --need-tpr 0.97 --need-tnr 0.998
ruler "log parsing, core sources" "$tools/run_logs.py" "$root/palisade" "$data/logs" --tier core --need-precision 0.98 --need-recall 0.97
ruler "Sigma conformance" "$tools/run_conformance.py" "$root/palisade" "$data/sigma/conformance.jsonl"
ruler "Sigma rules on their own events" "$tools/run_positives.py" "$root/palisade" "$data/sigma/regression.ndjson.gz" "$data/sigma/rules.tar.gz"
judge "Sigma engine against oracle" oracle 40
ruler "campaigns as incidents" "$tools/run_web.py" "$root/palisade" campaign "$data/web" --need 0.85 --max-false 1
