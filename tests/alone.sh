#!/bin/sh
# The tests that look at real time, one at a time. Usage: tests/alone.sh PYTHON [pytest arguments].
#
# Another guest of a shared machine can hold a core for seconds, and then a telephone dials into a line that has not
# heard him yet. So at most two tests that failed are looked at once more; both looks stay in the output.
python=$1
shift
failed() { sed -n 's/^ *"\(.*\)": true.*/\1/p' .pytest_cache/v/cache/lastfailed 2>/dev/null; }

"$python" -m pytest -m alone "$@"
status=$?
[ $status = 5 ] && exit 0
[ $status = 1 ] || exit $status
case $(failed | wc -l) in 1 | 2) ;; *) exit 1 ;; esac
echo "A second look, for these failed once:"
failed
exec "$python" -m pytest -m alone --last-failed --last-failed-no-failures none "$@"
