// As an application is configured by its environment; the form is the fourth argument.
import { lines, token, url } from './lines.mjs';

process.env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT = `${url}/ingest/otlp/v1/logs`;
process.env.OTEL_EXPORTER_OTLP_LOGS_HEADERS = `Authorization=Bearer%20${token}`;
process.env.OTEL_EXPORTER_OTLP_LOGS_COMPRESSION = 'gzip';
const form = process.argv[5];
const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${form}`);
const { BatchLogRecordProcessor, LoggerProvider } = await import('@opentelemetry/sdk-logs');
const { resourceFromAttributes } = await import('@opentelemetry/resources');

const exporter = new OTLPLogExporter();
let exported = 0;
const send = exporter.export.bind(exporter);
exporter.export = (records, done) => send(records, (result) => {
  if (result.code === 0) exported += records.length;
  else console.error(result.error);
  done(result);
});
const processor = new BatchLogRecordProcessor({ exporter, maxQueueSize: lines.length + 1, maxExportBatchSize: 200 });
const provider = new LoggerProvider({ resource: resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'web-07' }), processors: [processor] });
const logger = provider.getLogger('access', '1.0');
for (const body of lines) logger.emit({ body, severityNumber: 9, severityText: 'INFO', attributes: { 'log.file.path': '/var/log/nginx/access.log', tries: 3, tags: ['a', 'b'] } });
await provider.forceFlush();
await provider.shutdown();
console.log(exported);
