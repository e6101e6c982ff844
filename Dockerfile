# The daemon, its libraries and the root certificates: nothing else is in the image, no shell either.
#
#   docker build -t authsome:local .
#
# Another builder image (a mirror, a newer toolchain): --build-arg RUST_IMAGE=…
ARG RUST_IMAGE=rust:1.95-bookworm

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release --bin authsome

# The root of the image: the binary, the shared libraries it names, a user, certificates.
RUN set -eu; \
    install -D -m 0755 target/release/authsome /rootfs/usr/bin/authsome; \
    ldd target/release/authsome \
      | awk '$2 == "=>" { print $3 } $1 ~ "^/" { print $1 }' \
      | xargs -I '{}' cp --parents --dereference '{}' /rootfs; \
    install -d /rootfs/etc; \
    echo 'authsome:x:10001:10001::/var/lib/authsome:/nonexistent' > /rootfs/etc/passwd; \
    echo 'authsome:x:10001:' > /rootfs/etc/group; \
    install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ca-certificates.crt; \
    install -d -m 0700 -o 10001 -g 10001 /state/authsome

FROM scratch
LABEL org.opencontainers.image.title="Authsome" \
      org.opencontainers.image.description="A credential broker for AI agents" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /rootfs/ /
COPY --from=build --chown=10001:10001 /state/ /var/lib/
USER 10001:10001
WORKDIR /var/lib/authsome
ENV AUTHSOME_HOME=/var/lib/authsome \
    AUTHSOME_LISTEN=0.0.0.0:7998
VOLUME /var/lib/authsome
EXPOSE 7998
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/usr/bin/authsome", "daemon", "health-check"]
ENTRYPOINT ["/usr/bin/authsome"]
CMD ["daemon", "serve"]
