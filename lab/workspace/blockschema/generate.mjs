// Writes message.schema.json and view.schema.json from Slack's types. Run with `npm run generate`.
import { writeFileSync } from 'node:fs';
import { createGenerator } from 'ts-json-schema-generator';

const here = new URL('.', import.meta.url).pathname;
for (const [type, file] of [['Message', 'message.schema.json'], ['View', 'view.schema.json']]) {
  const schema = createGenerator({
    path: here + 'types.ts', type, additionalProperties: false, jsDoc: 'none', sortProps: true, topRef: true, skipTypeCheck: true, expose: 'all',
  }).createSchema(type);
  writeFileSync(here + file, JSON.stringify(schema, null, 1) + '\n');
}
