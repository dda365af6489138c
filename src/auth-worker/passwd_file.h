/*
 * passwd_file: a passdb that is a file, read anew when it changes.
 */
#ifndef AUTH_WORKER_PASSWD_FILE_H
#define AUTH_WORKER_PASSWD_FILE_H

#include <stdint.h>

#include "auth-worker/sql.h"
#include "ipc/auth_worker.h"

struct passwd_file;
struct var_values;

/*
 * By the args of the passdb; process_bytes bounds the file.  NULL with a
 * reason in err; the file is not opened yet.
 */
struct passwd_file	*passwd_file_new(const char *args,
			    uint64_t process_bytes, char *err,
			    size_t err_size);
void			 passwd_file_free(struct passwd_file *);
/*
 * The row of a user.  FAULT when the file cannot be used as it is now: what
 * was read of it before does not count.  Broken lines are warned of here,
 * once each time that the file has changed.
 */
enum auth_worker_found	passwd_file_find(struct passwd_file *,
			    const struct var_values *, struct sql_row *,
			    struct sql_fault *);

#endif
