#!/bin/bash
# The container, from outside: builds the image, brings compose.yaml up behind nginx with TLS, and
# walks what a team does: register, claim, log in, run. Then looks at what the container may do and
# at what it left behind, and takes everything down again.
#
#   deploy/smoke.sh          needs docker with compose, nginx, curl, openssl, python3
#
# Without a running engine it starts one of its own, as root, and ends it. Exit code 3: no engine
# can be had here, and why. Everything it makes is under one temporary directory or its own names.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d /var/tmp/authsome-smoke.XXXXXX)
project=authsome-smoke-$$
rust_image=$(sed -n 's/^ARG RUST_IMAGE=//p' Dockerfile)
real_key=smoke-real-key-$(openssl rand -hex 16)
own_processes=()
own_engine=

say() { echo "smoke: $*"; }

fail() {
    echo "smoke: FAILED: $*" >&2
    docker logs "${project}_authsome_1" >&2 2>&1 | tail -20 || true
    exit 1
}

no_engine() {
    echo "smoke: no container engine can be had here: $*" >&2
    exit 3
}

clean_up() {
    local code=$?
    set +e
    if [ -n "${compose_ready:-}" ]; then
        compose down --volumes --timeout 5 >/dev/null 2>&1
        [ -n "${SMOKE_IMAGE:-}" ] || docker image rm -f "$image" >/dev/null 2>&1
    fi
    local process
    for process in "${own_processes[@]}"; do kill "$process" 2>/dev/null; done
    if [ -n "$own_engine" ]; then
        kill "$own_engine" 2>/dev/null
        wait "$own_engine" 2>/dev/null
    fi
    rm -rf "$work" 2>/dev/null
    exit $code
}
trap clean_up EXIT

until_true() {
    local tries=$1
    shift
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.5
    done
}

# --- An engine ---------------------------------------------------------------------------------

command -v docker >/dev/null || no_engine "there is no docker command"
if ! timeout 20 docker info >/dev/null 2>&1; then
    command -v dockerd >/dev/null || no_engine "no engine runs, and there is no dockerd to start one"
    [ "$(id -u)" -eq 0 ] || no_engine "no engine runs, and only root can start one"
    say "starting an engine"
    export DOCKER_HOST=unix://$work/docker.sock
    dockerd --host "$DOCKER_HOST" --data-root "$work/engine" --exec-root "$work/exec" \
        --pidfile "$work/dockerd.pid" >"$work/dockerd.log" 2>&1 &
    own_engine=$!
    until_true 120 docker info || no_engine "dockerd did not come up: $(tail -n 3 "$work/dockerd.log")"
fi
if docker compose version >/dev/null 2>&1; then
    compose_command=(docker compose)
elif command -v docker-compose >/dev/null; then
    compose_command=(docker-compose)
else
    no_engine "neither docker compose nor docker-compose is installed"
fi
compose() { "${compose_command[@]}" --project-name "$project" --file compose.yaml "$@"; }

# --- Settings of this run ----------------------------------------------------------------------

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
daemon_port=$(free_port)
tls_port=$(free_port)
api_port=$(free_port)
base=https://localhost:$tls_port

mkdir "$work/secrets"
openssl rand -base64 32 >"$work/secrets/master_key"
chown 10001:10001 "$work/secrets/master_key"
chmod 0400 "$work/secrets/master_key"

export AUTHSOME_TAG=smoke-$$
image=authsome:$AUTHSOME_TAG
export AUTHSOME_PUBLISH=127.0.0.1:$daemon_port
export AUTHSOME_MASTER_KEY_PATH=$work/secrets/master_key
export AUTHSOME_PRIVATE_HOSTS=localhost

# --- The image ---------------------------------------------------------------------------------

if message=$(env -u AUTHSOME_SERVER_BASE_URL "${compose_command[@]}" config 2>&1); then
    fail "compose does not ask for AUTHSOME_SERVER_BASE_URL"
fi
grep -q AUTHSOME_SERVER_BASE_URL <<<"$message" || fail "compose does not name what is missing: $message"
export AUTHSOME_SERVER_BASE_URL=$base
compose_ready=yes

if [ -n "${SMOKE_IMAGE:-}" ]; then
    docker tag "$SMOKE_IMAGE" "$image"
else
    if ! docker image inspect "$rust_image" >/dev/null 2>&1 \
        && ! timeout 300 docker pull --quiet "$rust_image" >/dev/null 2>&1; then
        say "no registry has $rust_image for us; making a stand-in from Debian and this toolchain"
        deploy/stand-in-base.sh "$rust_image"
    fi
    say "building the image"
    DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0} docker build --quiet --tag "$image" . >/dev/null
fi
say "image of $(docker image inspect --format '{{.Size}}' "$image" | awk '{printf "%.1f MiB", $1 / 1048576}')"

filler=$(docker create "$image")
docker export "$filler" | tar -t >"$work/files"
docker cp "$filler:/usr/bin/authsome" "$work/authsome"
docker rm "$filler" >/dev/null
extra=$(grep -E '(^|/)s?bin/[^/]+$' "$work/files" | grep -vx 'usr/bin/authsome' || true)
[ -z "$extra" ] || fail "the image holds programs it does not need: $extra"
if docker run --rm --entrypoint /bin/sh "$image" -c true 2>/dev/null; then
    fail "the image has a shell"
fi
if message=$(docker run --rm "$image" 2>&1); then fail "a public listener started without a base URL"; fi
grep -q AUTHSOME_SERVER_BASE_URL <<<"$message" || fail "the refusal does not name the fix: $message"

# --- Up, behind TLS ----------------------------------------------------------------------------

(
    cd "$work"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=smoke CA' \
        -keyout ca.key -out ca.pem
    openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout server.key -out server.csr
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem \
        -extfile <(printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n')
) 2>"$work/openssl.log" || fail "no certificates: $(cat "$work/openssl.log")"

{
    echo "pid $work/nginx.pid; error_log $work/nginx.log; daemon off; user root;"
    echo "events {} http { client_body_temp_path $work/nginx-body; proxy_temp_path $work/nginx-proxy;"
    echo "fastcgi_temp_path $work/nginx-f; uwsgi_temp_path $work/nginx-u; scgi_temp_path $work/nginx-s;"
    sed -e "s/127\.0\.0\.1:7998/127.0.0.1:$daemon_port/" \
        -e "s/listen 443 ssl/listen 127.0.0.1:$tls_port ssl/" \
        -e 's/server_name .*/server_name localhost;/' \
        -e "s#/etc/ssl/authsome/fullchain.pem#$work/server.pem#" \
        -e "s#/etc/ssl/authsome/privkey.pem#$work/server.key#" deploy/nginx.conf
    echo '}'
} >"$work/nginx.conf"
nginx -c "$work/nginx.conf" >"$work/nginx.out" 2>&1 &
own_processes+=($!)

say "bringing compose up"
compose up --detach --no-build >"$work/compose.log" 2>&1 || fail "$(cat "$work/compose.log")"
container=$(compose ps --quiet authsome)
is_healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" = healthy ]; }
until_true 120 is_healthy || fail "the container did not become healthy"

# What the process in it may do, as the kernel sees it.
pid=$(docker inspect --format '{{.State.Pid}}' "$container")
kernel_says() { grep -qP "$1" "/proc/$pid/$2" || fail "$3"; }
kernel_says '^Uid:\t10001\t10001\t10001\t10001$' status "it does not run as 10001"
kernel_says '^Gid:\t10001\t10001\t10001\t10001$' status "its group is not 10001"
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    kernel_says "^$set:\t0+\$" status "it has capabilities ($set)"
done
kernel_says '^NoNewPrivs:\t1$' status "it can gain privileges"
kernel_says '^Max core file size +0 +0 ' limits "it can leave a core file"
kernel_says ' / / ro[ ,]' mountinfo "its root can be written to"

# --- A person and an agent ---------------------------------------------------------------------

browser() {
    curl --silent --show-error --cacert "$work/ca.pem" --cookie-jar "$work/jar" --cookie "$work/jar" \
        --max-time 20 "$@"
}
posts() { browser --header "Origin: $base" --header 'Sec-Fetch-Site: same-origin' "$@"; }
csrf_of() { sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' | head -n 1; }
status_of() { posts --output "$work/answer" --write-out '%{http_code}' "$@"; }
client() {
    env -i PATH="$PATH" HOME="$work/client" AUTHSOME_DAEMON_URL="$base" \
        SSL_CERT_FILE="$work/ca.pem" AUTHSOME_UPSTREAM_CA_FILE="$work/ca.pem" \
        AUTHSOME_PRIVATE_HOSTS=localhost "$work/authsome" "$@"
}
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
mkdir "$work/client"

say "register"
claim_url=$(client init --no-wait --no-open --json | field claim_url)
case $claim_url in "$base"/claim/*) ;; *) fail "the claim link is $claim_url" ;; esac
[ "$(status_of "$claim_url")" = 401 ] || fail "a claim page needs no sign-in"

say "sign up with the set-up token, and claim"
setup_url=$(docker logs "$container" 2>&1 | grep -oE "$base/auth/register[^ \"]*" | head -n 1)
[ -n "$setup_url" ] || fail "the log does not show the set-up link"
[ "$(status_of "$base/auth/register")" = 403 ] || fail "sign-up is open to anybody"
csrf=$(browser "$setup_url" | csrf_of)
[ "$(status_of "$base/auth/register" --data-urlencode "csrf=$csrf" \
    --data-urlencode "token=${setup_url##*=}" --data-urlencode 'email=admin@example.test' \
    --data-urlencode 'password=correct horse battery' --data-urlencode "next=${claim_url#"$base"}")" = 303 ] \
    || fail "signing up: $(cat "$work/answer")"
# Somebody else, without the cookies of the one who signed up.
stranger() { curl --silent --cacert "$work/ca.pem" --max-time 20 --output /dev/null --write-out '%{http_code}' "$1"; }
[ "$(stranger "$setup_url")" = 403 ] || fail "the set-up token works twice"
csrf=$(browser "$claim_url" | csrf_of)
[ "$(status_of "$claim_url/confirm" --data-urlencode "csrf=$csrf")" = 303 ] \
    || fail "claiming: $(cat "$work/answer")"
[ "$(client init --no-wait --no-open --json | field status)" = ready ] || fail "the claim did not take"

say "log in"
cat >"$work/smoke.json" <<JSON
{ "schema_version": 1, "name": "smoke", "display_name": "Smoke", "auth_type": "api_key", "flow": "api_key",
  "api_key": { "header_name": "Authorization", "header_prefix": "Bearer" },
  "export": { "env": { "api_key": "SMOKE_API_KEY" } }, "api_url": "https://localhost:$api_port" }
JSON
client register "$work/smoke.json" --yes >/dev/null
login_url=$(client login smoke --no-wait --no-open --json | field auth_url)
csrf=$(browser --location "$login_url" | csrf_of)
[ "$(status_of "${login_url%%\?*}" --data-urlencode "csrf=$csrf" --data-urlencode action=store \
    --data-urlencode "api_key=$real_key")" = 200 ] || fail "storing the key: $(cat "$work/answer")"
! grep -q "$real_key" "$work/answer" || fail "the page shows the key"
[ "$(client get smoke --json | field status)" = connected ] || fail "the connection is not there"

say "run"
cat >"$work/api.py" <<'PYTHON'
import http.server, ssl, sys
port, folder = int(sys.argv[1]), sys.argv[2]
class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(f"{folder}/api.seen", "a") as seen:
            print(self.path, self.headers.get("Authorization"), file=seen)
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Api)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
PYTHON
python3 "$work/api.py" "$api_port" "$work" &
own_processes+=($!)
until_true 40 browser "https://localhost:$api_port/up"

run_agent() {
    # Single quotes: the variable is the child's.
    # shellcheck disable=SC2016
    client run -- sh -c 'env >"$1/child.env"; exec curl --silent --show-error --max-time 20 \
        --header "Authorization: Bearer $SMOKE_API_KEY" "https://localhost:$2/$3"' sh "$work" "$api_port" "$1"
}
answer=$(run_agent first) || fail "the agent failed"
[ "$answer" = hello ] || fail "the agent was answered: $answer"
grep -qx "/first Bearer $real_key" "$work/api.seen" || fail "the API saw: $(cat "$work/api.seen")"
grep -q '^SMOKE_API_KEY=.' "$work/child.env" || fail "the child had no placeholder"
! grep -q "$real_key" "$work/child.env" || fail "the child held the real key"
client log --json | grep -q credential.resolved || fail "the audit log does not tell who used it"

# --- A restart keeps everything; a wrong key is refused ---------------------------------------

say "restart"
compose stop --timeout 15 >/dev/null 2>&1
[ "$(docker inspect --format '{{.State.ExitCode}}' "$container")" = 0 ] || fail "it does not stop by itself"
cp "$work/secrets/master_key" "$work/secrets/right"
openssl rand -base64 32 | tee "$work/secrets/master_key" >/dev/null
if message=$(timeout 120 "${compose_command[@]}" --project-name "$project" --file compose.yaml \
    run --rm -T authsome 2>&1); then
    fail "it started with a wrong master key"
fi
grep -q 'master key' <<<"$message" || fail "a wrong master key is refused without a reason: $message"
cat "$work/secrets/right" >"$work/secrets/master_key"
compose up --detach --no-build >/dev/null 2>&1
container=$(compose ps --quiet authsome)
until_true 120 is_healthy || fail "it did not come back"
answer=$(run_agent again) || fail "the connection did not survive"
[ "$answer" = hello ] || fail "the agent was answered: $answer"
grep -qx "/again Bearer $real_key" "$work/api.seen" || fail "the API saw: $(cat "$work/api.seen")"

# --- Nothing of it lies about ------------------------------------------------------------------

docker logs "$container" >"$work/log" 2>&1
compose stop --timeout 15 >/dev/null 2>&1
docker cp "$container:/var/lib/authsome" "$work/volume"
for secret in "$real_key" "$(cat "$work/secrets/right")" 'correct horse battery'; do
    ! grep -qF "$secret" "$work/log" || fail "a secret is in the log"
    ! grep -rqF "$secret" "$work/volume" || fail "a secret is in the volume"
    ! grep -rqF "$secret" "$work/client" || fail "a secret is on the client's disk"
done
others=$(find "$work/volume" ! -type l -perm /077)
[ -z "$others" ] || fail "others may read: $others"
say "ok: registered, claimed, logged in, ran, restarted; non-root, read-only, no capabilities, no shell"
