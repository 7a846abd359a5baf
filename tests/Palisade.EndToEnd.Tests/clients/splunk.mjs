import splunk from 'splunk-logging';
import { lines, token, url } from './lines.mjs';

const logger = new splunk.Logger({ url: `${url}/ingest/splunk/services/collector/event`, token, maxBatchCount: 0, maxRetries: 3 });
// The package sends objects; this is its own way to send a line as it is.
logger.eventFormatter = (message) => message;
let acknowledged = 0;
for (let from = 0; from < lines.length; from += 250) {
  const part = lines.slice(from, from + 250);
  for (const message of part) logger.send({ message, metadata: { host: 'web-08', source: '/var/log/nginx/access.log', sourcetype: 'nginx' } });
  await new Promise((resolve, reject) => logger.flush((error, response, body) => {
    if (error || body.code !== 0) reject(error ?? new Error(JSON.stringify(body)));
    else resolve();
  }));
  acknowledged += part.length;
}
console.log(acknowledged);
