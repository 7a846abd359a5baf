import { readFileSync } from 'node:fs';

export const [url, token, file] = process.argv.slice(2);
export const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.length > 0);
