# The gateway. It listens to other machines only once there is a key:
#   docker run --rm -v tailorlm:/data tailorlm keys add admin
#   docker run -p 127.0.0.1:8600:8600 -v tailorlm:/data -e OPENAI_BASE_URL -e OPENAI_API_KEY tailorlm
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN python -m venv /opt/tailorlm \
    && /opt/tailorlm/bin/pip install --no-cache-dir ".[serve,postgres,otel]"

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home tailorlm \
    && install -d -o tailorlm -g tailorlm -m 700 /data
COPY --from=build /opt/tailorlm /opt/tailorlm
ENV PATH=/opt/tailorlm/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TAILORLM_STORE=sqlite:////data/tailor.db
USER tailorlm
WORKDIR /data
VOLUME /data
EXPOSE 8600
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8600/readyz', timeout=4)"]
ENTRYPOINT ["tailorlm"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8600", "--log", "json"]
