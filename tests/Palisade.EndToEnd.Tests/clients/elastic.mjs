import { Client } from '@elastic/elasticsearch';
import { lines, token, url } from './lines.mjs';

const client = new Client({ node: `${url}/ingest/elastic`, auth: { apiKey: token }, compression: true });
const result = await client.helpers.bulk({
  datasource: lines.map((message) => ({ message })),
  onDocument: () => ({ create: { _index: 'elastic-js' } }),
  flushBytes: 64 * 1024,
  onDrop: (item) => { throw new Error(JSON.stringify(item)); },
});
console.log(result.successful);
