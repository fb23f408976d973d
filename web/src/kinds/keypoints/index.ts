// Keypoints: single places on a picture, each with a label.
import { regionKind } from '../../lib/regions/kind';

export const kind = regionKind('keypoints', 'n_keypoints');
