// A small Bolt app, run by bolt_test.go against the emulated workspace. It ends when its standard input does.
import bolt from '@slack/bolt';

const app = new bolt.App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

const plain = (text) => ({ type: 'plain_text', text });

const card = {
  text: 'Press it',
  blocks: [{ type: 'actions', block_id: 'row', elements: [{ type: 'button', action_id: 'press', value: 'v1', text: plain('Press Me') }] }],
};

const form = (channel) => ({
  type: 'modal', callback_id: 'form', private_metadata: channel, title: plain('Reason'), submit: plain('Send'),
  blocks: [{ type: 'input', block_id: 'why', label: plain('Why'), element: { type: 'plain_text_input', action_id: 'why' } }],
});

app.command('/rap', async ({ command, ack, respond, say, client }) => {
  switch (command.text) {
    case 'ack':
      return ack({ text: 'said in the acknowledgement' });
    case 'respond':
      await ack();
      return respond({ text: 'said through respond', response_type: 'in_channel' });
    case 'card':
      await ack();
      return say(card);
    case 'modal':
      await ack();
      return client.views.open({ trigger_id: command.trigger_id, view: form(command.channel_id) });
    case 'file':
      await ack();
      return client.files.uploadV2({
        channel_id: command.channel_id, initial_comment: 'see the file', filename: 'report.csv', title: 'Report', alt_text: 'two columns', content: 'a,b\n1,2\n',
      });
    default:
      return ack(`unknown: ${command.text}`);
  }
});

app.action('press', async ({ ack, body, action, respond }) => {
  await ack();
  await respond({ text: `<@${body.user.id}> pressed ${action.value}`, replace_original: true });
});

app.view('form', async ({ ack, view, client }) => {
  const why = view.state.values.why.why.value;
  if (why.length < 5) {
    return ack({ response_action: 'errors', errors: { why: 'Say more.' } });
  }
  await ack();
  await client.chat.postMessage({ channel: view.private_metadata, text: `because ${why}` });
});

app.event('app_mention', async ({ context, say }) => {
  await say(`mentioned, retry ${context.retryNum ?? 0} ${context.retryReason ?? ''}`);
});

app.event('app_home_opened', async ({ event, client }) => {
  await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [{ type: 'header', text: plain('Home of Bolt') }] } });
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
await app.start();
