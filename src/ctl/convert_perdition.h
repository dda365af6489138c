/* convert_perdition: perdition.conf and its popmap become a mailwicket.conf. */
#ifndef CTL_CONVERT_PERDITION_H
#define CTL_CONVERT_PERDITION_H

struct convert;
struct perdition_line;

/*
 * Takes over the options of a file.  path is that of the file, whose name may
 * tell the protocol; map the text that a popmap was made from, NULL: beside
 * the popmap.  Faults and notes are in the result, which convert_finish()
 * writes, beside an SQL file and data if the popmap wants them.
 */
void	convert_perdition(struct convert *, const struct perdition_line *,
	    const char *path, const char *map);

#endif
