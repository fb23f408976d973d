// Chat: a conversation whose messages are rated, rewritten, commented on, or that is held with a model turn by turn.
import { t } from '../../lib/i18n.svelte';
import type { KeyHelp, KindView, Step } from '../kind';
import ChatView from './ChatView.svelte';
import { asJudged, askedOf, conversationOf, emptyValue, liveOf, ratingOfDigit, ratingsOf, said, stateOf } from './judging';

export const kind: KindView = {
  view: ChatView,
  surface: true,
  instant: false,
  empty: emptyValue,
  state: stateOf,
  press(question, value, cursor, press, layout, shown): Step | null {
    if (press.is === 'named' && press.name === 'Enter') return { commit: true };
    const asked = askedOf(question, conversationOf(question, shown.task));
    if (asked.length === 0) return null;
    const at = Math.min(Math.max(cursor, 0), asked.length - 1);
    const ratings = ratingsOf(question);
    const rate = (index: number): Step | null => {
      const rating = ratings[index];
      if (rating === undefined) return null;
      // Where nothing more is asked of a message, the next one is next.
      const next = question.rewrite || question.comment ? at : Math.min(at + 1, asked.length - 1);
      return { value: said(value, asked[at]!, 'rating', rating), cursor: next };
    };
    if (press.is === 'digit') return rate(ratingOfDigit(ratings, press.digit));
    if (press.is !== 'named') return null;
    if (press.name === 'Delete') return { value: said(value, asked[at]!, 'rating', undefined), cursor: at };
    if (press.name === 'Home') return { cursor: 0 };
    if (press.name === 'End') return { cursor: asked.length - 1 };
    if (press.name === 'ArrowDown') return { cursor: cursor < 0 ? 0 : Math.min(at + 1, asked.length - 1) };
    if (press.name === 'ArrowUp') return { cursor: Math.max(at - 1, 0) };
    if ((press.name === 'ArrowLeft' || press.name === 'ArrowRight') && ratings.length > 0) {
      const step = (press.name === 'ArrowRight') !== layout.rtl ? 1 : -1;
      const now = asJudged(value).messages[String(asked[at])]?.rating;
      const place = now === undefined ? (step > 0 ? 0 : ratings.length - 1) : ratings.indexOf(now) + step;
      const rating = ratings[Math.min(Math.max(place, 0), ratings.length - 1)];
      return { value: said(value, asked[at]!, 'rating', rating), cursor: at };
    }
    return null;
  },
  keys(question) {
    const found: KeyHelp[] = [];
    const rated = ratingsOf(question).length > 0;
    if (rated || question.rewrite || question.comment) found.push({ caps: ['↑', '↓'], words: 'key_chat_move' });
    if (rated) {
      found.push({ caps: ['1', '…', '9'], words: 'key_chat_rate' }, { caps: ['←', '→'], words: 'key_chat_rate_step' }, { caps: ['Del'], words: 'key_chat_clear' });
    }
    if (question.rewrite) found.push({ caps: ['E'], words: 'key_chat_rewrite' });
    if (question.comment) found.push({ caps: ['M'], words: 'key_chat_comment' });
    if (liveOf(question)) found.push({ caps: ['1', '2'], words: 'key_chat_choose' }, { caps: ['Ctrl', '↵'], words: 'key_chat_send' });
    return [...found, { caps: ['↵'], words: 'key_done_question' }];
  },
  say(value) {
    const { messages, turns } = asJudged(value);
    const all = Object.values(messages);
    const count = (name: 'rating' | 'rewrite' | 'comment') => all.filter((one) => one[name] !== undefined).length;
    const [rated, rewritten, commented] = [count('rating'), count('rewrite'), count('comment')];
    return [
      rated ? t('n_messages_rated', { n: rated }) : '',
      rewritten ? t('n_messages_rewritten', { n: rewritten }) : '',
      commented ? t('n_messages_commented', { n: commented }) : '',
      turns?.length ? t('n_turns', { n: turns.length }) : '',
    ].filter(Boolean).join(t('comma'));
  },
};
