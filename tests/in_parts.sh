#!/bin/sh
# All tests, in parts. Usage: tests/in_parts.sh PYTHON [pytest arguments].
#
# First what steps time itself, or does not care how fast it goes, on every core. Then what looks at real time: what can
# bear company, in two rows beside each other, since both wait more than they work; and the rest one test at a time.
# Another guest of a shared machine can hold a core for seconds, and then a telephone dials into a line that has not
# heard him yet, or a file is read before it is written. So of each part at most two tests that failed are looked at once
# more; both looks stay in the output.
python=$1
shift
cache=.pytest_cache/part

# look PART MARKERS [pytest arguments]: its status, 0 too where the arguments leave no test (5).
look() {
    part=$1 markers=$2
    shift 2
    rm -rf "$cache-$part"
    "$python" -m pytest -o cache_dir="$cache-$part" -m "$markers" "$@"
    status=$?
    [ $status = 5 ] && return 0
    [ $status = 1 ] || return $status
    failed=$(sed -n 's/^ *"\(.*\)": true.*/\1/p' "$cache-$part/v/cache/lastfailed")
    case $(echo "$failed" | grep -c .) in 1 | 2) ;; *) return 1 ;; esac
    echo "A second look, for these failed once:"
    echo "$failed"
    "$python" -m pytest -o cache_dir="$cache-$part" -m "$markers" --last-failed --last-failed-no-failures none "$@"
}

look stepped "not alone" -n auto "$@" || exit 1

said=$(mktemp)
(TIPRING_TEST_RTP_FIRST=24000 look beside beside "$@" >"$said" 2>&1 </dev/null) &
look company "company and not beside" "$@"
company=$?
wait $!
beside=$?
cat "$said"
rm "$said"
look alone "alone and not company" "$@" && exit $((company ? company : beside))
