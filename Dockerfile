# docker build -t call-me .
# docker run -e PORT=8000 -e API_KEY="$(cat admin.key)" -p 127.0.0.1:8000:8000 call-me          (add -v call-me:/data to keep the locks beyond the container)

FROM node:24-bookworm-slim AS package
WORKDIR /build
COPY . .
# Install scripts are not needed: better-sqlite3 and esbuild bring their binaries in their packages.
RUN npm ci --ignore-scripts && npm pack --pack-destination / && \
    node -p '"better-sqlite3@" + require("./package.json").peerDependencies["better-sqlite3"]' >/driver

FROM node:24-bookworm-slim
ENV NODE_ENV=production CALL_ME_STORE=sqlite:/data/call-me.db PORT=8000
COPY --from=package /call-me-*.tgz /driver /tmp/
# The package leaves out what the server alone needs.
RUN npm install --global --ignore-scripts /tmp/call-me-*.tgz "$(cat /tmp/driver)" && rm /tmp/call-me-*.tgz /tmp/driver && install -d -o node -g node /data
USER node
VOLUME /data
EXPOSE 8000
# With a TLS certificate over TLS, whatever its names are. With CALL_ME_TLS_CLIENT=required it needs a check of its own (--health-cmd).
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "require(process.env.CALL_ME_TLS_CERT ? 'https' : 'http').get({ host: '127.0.0.1', port: process.env.PORT, path: '/healthz', rejectUnauthorized: false }, (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# Exec form: node is process 1 and gets SIGTERM itself, so `docker stop` drains (exit 0 within 10 s; no lease ends).
# Room for what thousands of watches are told in a moment: see docs/operating.md.
ENV NODE_OPTIONS=--max-semi-space-size=64
CMD ["call-me", "serve"]
