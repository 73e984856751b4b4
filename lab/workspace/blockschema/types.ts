// What may be sent, in Slack's own types. A view's blocks are narrowed from AnyBlock, which lets every bare
// {type, block_id} through, to the blocks that are known.
import type { HomeView, KnownBlock, ModalView } from '@slack/types';

type WithKnownBlocks<V> = Omit<V, 'blocks'> & { blocks: KnownBlock[] };

export type Message = KnownBlock[];
export type View = WithKnownBlocks<HomeView> | WithKnownBlocks<ModalView>;
