/* session_id: a short text that names one session in every log line. */
#ifndef LOGIN_COMMON_SESSION_ID_H
#define LOGIN_COMMON_SESSION_ID_H

/* 12 random bytes as 16 characters of base64url, and a NUL. */
void	session_id_make(char dst[17]);

#endif
