# The operator's image: its program and the function runtimes that it appends to images, all static, and nothing else.
# make image builds them into bin/image, which is the context.
FROM scratch
COPY manager runtime-linux-amd64 runtime-linux-arm64 /
USER 65532:65532
ENTRYPOINT ["/manager"]
