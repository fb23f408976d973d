// Polygons: closed outlines of three or more points on a picture, each with a label.
import { regionKind } from '../../lib/regions/kind';

export const kind = regionKind('polygons', 'n_polygons');
