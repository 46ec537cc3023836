# docker build -t call-me .
# docker run -e PORT=8000 -e API_KEY=crj -p 8000:8000 call-me          (add -v call-me:/data to keep the locks beyond the container)

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# better-sqlite3 brings its binary in the package: nothing is compiled or downloaded by an install script.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production CALL_ME_STORE=sqlite:/data/call-me.db PORT=8000
WORKDIR /app
RUN install -d -o node -g node /data
COPY --from=dependencies /app/node_modules node_modules
COPY . .
USER node
VOLUME /data
EXPOSE 8000
# Clear text: a container that is given a TLS certificate needs a check of its own (--health-cmd).
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Exec form: node is process 1 and gets SIGTERM itself, so `docker stop` drains (exit 0 within 10 s; no lease ends).
CMD ["node", "cli/bin.js", "serve"]
