// Boxes: upright rectangles on a picture, each with a label.
import { regionKind } from '../../lib/regions/kind';

export const kind = regionKind('boxes', 'n_boxes');
