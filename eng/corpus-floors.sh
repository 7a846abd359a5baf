# Read by corpus.sh: which rulers run, and the figures a change must not fall below.
ruler "web requests" "$tools/run_web.py" "$root/palisade" lines "$data/web" --need-tpr 0.5 --need-tnr 0.98
ruler "log parsing, core sources" "$tools/run_logs.py" "$root/palisade" "$data/logs" --tier core
ruler "Sigma conformance" "$tools/run_conformance.py" "$root/palisade" "$data/sigma/conformance.jsonl"
