// A conversation as it stands in a row: a list of {role, content}, or that list as JSON text. Reading only; pure.
import { asJson } from './block';
import { asText } from '../lib/bidi';

export interface Message {
  role: string;
  /** Markdown. */
  content: string;
}

const KNOWN: Record<string, 'user' | 'assistant' | 'system' | 'tool'> = {
  user: 'user', human: 'user', assistant: 'assistant', gpt: 'assistant', model: 'assistant',
  system: 'system', developer: 'system', tool: 'tool', function: 'tool',
};

const OLDER: Record<string, string> = { human: 'user', gpt: 'assistant', bot: 'assistant', chatgpt: 'assistant', model: 'assistant' };

/** Which of the four speakers a role names; null for another word. */
export const speakerOf = (role: string): 'user' | 'assistant' | 'system' | 'tool' | null => KNOWN[role.toLowerCase()] ?? null;

const fenced = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;

/** What a message says: text, or parts of which those that are no text are shown as they are written. */
function contentOf(message: Record<string, unknown>): string {
  const { content } = message;
  const parts: string[] = [];
  if (Array.isArray(content)) {
    for (const part of content) {
      if (typeof part === 'string') parts.push(part);
      else if (part && typeof part === 'object' && typeof (part as { text?: unknown }).text === 'string') parts.push((part as { text: string }).text);
      else parts.push(fenced(part));
    }
  } else if (content && typeof content === 'object') parts.push(fenced(content));
  else parts.push(asText(content));
  if (message.tool_calls) parts.push(fenced(message.tool_calls));
  return parts.filter((one) => one !== '').join('\n\n');
}

/** The older form {from, value}, with speakers of its own, as {role, content}. Mirrors tawsim/kinds/chat.py. */
function modern(one: Record<string, unknown>): Record<string, unknown> {
  if ('role' in one || typeof one.from !== 'string') return one;
  return { ...one, role: OLDER[one.from.toLowerCase()] ?? one.from, content: one.value };
}

/** The messages of a value, or null where it holds no conversation. */
export function readConversation(value: unknown): Message[] | null {
  const list = asJson(value);
  if (!Array.isArray(list)) return null;
  const messages: Message[] = [];
  for (const one of list) {
    if (!one || typeof one !== 'object') return null;
    const message = modern(one as Record<string, unknown>);
    if (typeof message.role !== 'string') return null;
    messages.push({ role: message.role, content: contentOf(message) });
  }
  return messages;
}
