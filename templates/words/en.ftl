### What the portal says, in English.
###
### One message is one whole sentence, label or button. Names in braces are handed in; text of
### somebody else's making comes isolated. Buttons are verbs and say what will happen.

## The language itself

language-name = English
pattern-date-and-time = %-d %b %Y, %H:%M:%S UTC
pattern-date-and-minute = %-d %b %Y, %H:%M UTC
pattern-time-of-day = %H:%M UTC
pattern-time-and-second = %H:%M:%S UTC
lasting-seconds = { $seconds } s
lasting-minutes = { $minutes } min
lasting-hours = { $hours } h
lasting-hours-and-minutes = { $hours } h { $minutes } min

## Around every page

skip = Skip to content
nav-main = Main
nav-roles = Roles
nav-sessions = Sessions
nav-why-not = Missing a role?
menu-account = Account menu
menu-signed-in = signed in { $time }
foot-for = Rolegate for { $organisation }
foot-language = Language
foot-theme = Theme
theme-system = Auto
theme-light = Light
theme-dark = Dark
request = Request
copy-request-id = Copy the request id
write-to-admin = Write to your admin
write-to = Write to { $address }
try-again = Try again
said-copied = Copied
said-selected = Selected. Press Ctrl+C or Command+C to copy.
said-ended = These keys have ended.

## What an account is for

environment-production = Production
environment-staging = Staging
environment-development = Development
environment-sandbox = Sandbox
environment-shared = Shared

## Signing in and out

sign-in = Sign in
sign-in-again = Sign in again
sign-in-promise = Pick a role, take its keys, get back to work.
sign-in-none = There is no way to sign in yet.
sign-in-none-do = An administrator has to connect an identity provider first.
sign-in-choose = Choose where you sign in
sign-in-address = Work e-mail
sign-in-or = or choose where you sign in
sign-in-all = { $all ->
    [one] The one way to sign in
   *[other] All { $all } ways to sign in
}
sign-in-last = Used last in this browser
sign-in-no-address = This is not an e-mail address.
sign-in-unknown-domain = No way to sign in is set up for addresses at { $domain }.
sign-in-unknown-domain-do = Check the address, or choose from the list below.
sign-in-leads-to = You go on to { $account } / { $role } after signing in.
sign-in-leads-to-role = You go on to { $role } after signing in.
sign-out = Sign out
signed-out-title = Signed out
signed-out = You are signed out
signed-out-here = Nobody can take keys from this browser until you sign in again.
signed-out-keys = Keys that you took before keep working until they expire, unless you ended them.
signed-out-not-told = You may still be signed in at your identity provider; on a shared computer, sign out there as well.
signed-out-there = You are signed out at your identity provider, too.
signed-out-asked = Your identity provider was asked to sign you out, too, and sent you back here.
signed-out-partly = Your identity provider could not sign you out everywhere; on a shared computer, close the browser.
leave-to-sign-in = On to your identity provider
leave-to-sign-in-wait = This takes a moment. If nothing happens, press the button.
leave-signed-out = You are signed out here
leave-to-sign-out-wait = Your identity provider is told next. If nothing happens, press the button.
leave-to-sign-out-button = Sign out there too
leave-after-sign-out-wait = Your identity provider goes on from here. If nothing happens, press the button.
go-on = Continue

## Roles

roles-choose = Choose a role
roles-search = Search roles and accounts
roles-placeholder = Role, account, number or tag
roles-all = { $all ->
    [one] { $all } role
   *[other] { $all } roles
}
roles-some = { $all ->
    [one] { $shown } of { $all } role
   *[other] { $shown } of { $all } roles
}
keys-search = search
keys-move = move
keys-take = get keys
keys-favourite = favourite
keys-copy = copy link
keys-clear = clear
roles-all-accounts = All accounts
roles-no-match = No role matches your search.
roles-show-all = Show all roles
roles-get-keys = Get keys: { $account },
roles-in-path = in { $path }
roles-up-to = up to { $longest }
roles-best = Best matches
roles-environments = What accounts are for
roles-every-environment = All
roles-else = Looked for something else?
roles-else-why = See why a role is missing
roles-link-copied = A link to the role was copied.
roles-link-not-copied = The link could not be copied.
roles-favourites = Favourites
roles-recent = Recently used
roles-star = Favourite: { $role } in { $account }
roles-star-in-path = Favourite: { $role } { $path } in { $account }
roles-starred = The role is one of your favourites now.
roles-unstarred = The role is no longer one of your favourites.
roles-stars-full = You have 100 favourites, and no more are kept. Take the star from one that you no longer use.
roles-star-failed = The favourite could not be changed. Try again in a moment.
roles-own-unknown = Your favourites can’t be read at the moment. All your roles are here.
favourites-full = You have 100 favourites
favourites-full-what = No more are kept, so this role did not become one.
favourites-full-do = Take the star from a role that you no longer use, and try again.
role-keys-for = Keys for
role-get-keys = Get keys
role-others = Choose another role
role-link = A link to this page:
copy-link = Copy the role’s link

## Sessions

sessions-title = My sessions
sessions-what = Where you are signed in, and the keys that were taken there. Ending a session here ends its keys, too; signing out leaves them until they expire.
sessions-caption = Your sessions, this one first
sessions-device = Device
sessions-address = Address
sessions-address-unknown = unknown
sessions-signed-in = Signed in
sessions-last-used = Last used
sessions-now = Now
sessions-taken = Keys taken for
sessions-none-taken = none
sessions-more-taken = and { $more } more
sessions-this = This one
sessions-sign-out-here = Sign out here
sessions-end = End
sessions-end-which = the session on { $device }, signed in { $time }
sessions-end-others = End all others
sessions-end-all = End all, this one too
sessions-not-you = Something here isn’t you? End all sessions, change your password at your identity provider, and tell your administrator.
sessions-letter = A session in my name that is not mine
sessions-keys-go-on = The session is over, but its keys could not be ended: they work until they expire. Tell your administrator.
device-both = { $browser } on { $system }
device-browser = { $browser }
device-system = A browser on { $system }
device-unknown = An unknown browser

## No roles

no-roles = No roles
no-roles-title = You are signed in, but no role is yours yet
no-roles-why = { $provider } vouched for you. None of the facts it sent opens a role here, so no keys were given out.
no-roles-left-out = Your provider left out your groups because there are too many of them.
no-roles-left-out-do = Roles are given by group, so none could be found. An admin can let the provider send only the groups that matter here.
no-roles-not-sent = Your provider sent no groups with your sign-in.
no-roles-not-sent-do = Roles are given by group, so none could be found. An admin can add groups to what the provider sends.
no-roles-letter = No role in Rolegate ({ $id })
no-roles-known = What we know about you
no-roles-person = Signed in as
no-roles-through = Through
no-roles-received = Received as { $claim }
no-roles-nothing = Nothing
no-roles-groups = Groups received
no-roles-missing = What is missing
no-roles-missing-group = A group that opens a role. Yours starts to work at the first sign-in after you were added to it.
admin-message = Message for your admin
admin-message-hello = Hello, I signed in to Rolegate and no role came out.
admin-message-found = Rolegate told me: { $found }
admin-message-role = Hello, I need the role { $role } in { $account }.
admin-message-any-role = Hello, I need the role { $role }.
admin-message-reason = Reason: (please fill in)
admin-message-person = Person: { $person }, through { $provider }
admin-message-received = Received as { $claim }: { $values }
admin-message-no-groups = Groups received: none
admin-message-nothing = nothing
admin-message-need = I need: (role and account)
admin-message-request = Request: { $id }
copy-message = Copy message

## What stands out in a person's own sign-in

claim-more = and { $more } more
found = What we noticed
found-left-out = Your provider left out values of { $claim }, because there are too many of them. What is left out opens nothing here.
found-missing = Your provider sent no { $claim }, which is looked at here.
found-unverified = Your provider has not verified your { $claim }, so it does not count.
found-unfit = A rule fits you, but one of your values can’t be used in what it gives.
found-case = Your value { $value } in { $claim } nearly fits: it differs in upper and lower case only.
found-space = Your value { $value } in { $claim } nearly fits: there is a space before or after it.
found-joined = Your value { $value } in { $claim } nearly fits: it came as one text where a list was meant.
found-common-name = Your value { $value } in { $claim } nearly fits: one is a common name (CN), the other a distinguished name (DN).

## Why a role is not there

why-not = Why can’t I see a role?
why-not-link = Ask about one role
why-not-intro = Name the role. We check it against your sign-in of { $time } and tell you what is missing.
why-not-account = Account
why-not-account-hint = Alias or 12-digit number
why-not-role = Role
why-not-role-hint = Name or ARN
why-not-check = Check
why-not-unreadable = No role can be called so. Write its name, such as ReadOnly, or its whole ARN.
why-not-of = { $role } in { $account }
why-not-of-any = { $role } in any account
why-not-yours = Yours
why-not-yours-what = Your sign-in gives you this role.
why-not-open = Go to { $role }
why-not-not-yours = Not yours
why-not-vouched = { $provider } vouched for you.
why-not-given = A rule gives you this role.
why-not-not-taken = The role does not accept your sign-in. Only an admin can change that.
why-not-no-rule = No rule gives you this role for what your provider sent.
why-not-not-told = Whether there is such a role is told to its own people only.
why-not-not-asked = The role’s trust policy was not asked.
why-not-beside = These roles of that account are yours
why-not-received = What your sign-in carried
why-not-letter = I need the role { $role } ({ $id })
why-not-fresh = Added to a group a moment ago? Sign in again: groups are read at sign-in.

## Credentials

credentials-title = { $role } in { $account }
crumbs = Path
keys = Keys
format = Format
format-profile = Profile
paste-bash = Paste into bash or zsh. Good for this terminal only.
paste-fish = Paste into fish. Good for this terminal only.
paste-powershell = Paste into PowerShell. Good for this window only.
paste-profile = Add to ~/.aws/credentials. Replace it when the keys end.
paste-config = Add to ~/.aws/config once, so that the profile finds this gateway.
paste-process = Paste into a shell: it keeps the keys in a file that only you can read.
paste-process-config = Add to ~/.aws/config once. The profile then uses the keys that were kept last, and says when they have ended.
copy-command = Copy command
paste-json = The keys as AWS tools read them from a credential_process.
copy-lines = Copy { $lines } lines
copy-profile = Copy profile
copy-settings = Copy settings
copy-json = Copy JSON
copy-arn = Copy the role’s ARN
parts = One by one
parts-never-kept = Never written to a log or kept in this browser
parts-caption = Parts of the credentials
part-access-key-id = Access key id
part-secret-access-key = Secret access key
part-session-token = Session token
part-session-name = Session name
copy-access-key-id = Copy the access key id
copy-secret-access-key = Copy the secret access key
copy-session-token = Copy the session token
copy-session-name = Copy the session name
time-and-limits = Time and limits
good-until = Good until
time-left = Time left
until = Until { $time }
local-time = , { $time } your time
renew-for = Renew for
renew = Renew keys
renew-to-go-on = Renew them to go on.
limits = What limits the duration
limit = limit
limit-role = Role’s own maximum
limit-rule = Rule “{ $rule }”
limit-sign-in = Your sign-in ends in
limit-provider = Your identity provider
limit-chaining = Keys from other keys
shortened-by-role = You asked for { $asked } and got { $got }, the most this role allows.
shortened-by-rule = You asked for { $asked } and got { $got }, the most that the rule behind it allows.
shortened-by-sign-in = You asked for { $asked } and got { $got }, because your sign-in ends then.
shortened-by-provider = You asked for { $asked } and got { $got }, the most that your identity provider allows.
shortened-by-chaining = You asked for { $asked } and got { $got }, the most for keys got with other keys.

## What went wrong

to-roles = Go to my roles
refused-no-keys = No keys were given out.
refused = You are not signed in
refused-through = You came through { $provider }.
refused-letter = Sign-in refused ({ $id })
refused-not-accepted = The answer of your identity provider was not accepted.
refused-not-accepted-do = Sign in again. If it happens twice, send the id below to your administrator.
refused-check = The check that failed is “{ $check }”.
refused-unreadable = The answer of your identity provider can’t be read.
refused-no-connection = There is no such way to sign in.
refused-no-connection-do = Choose one from the first page.
refused-nothing-known = Nothing is known of your identity provider yet.
refused-later-do = Try again in a minute. If it goes on, tell your administrator the id below.
refused-unknown-provider = The answer is of an identity provider that is not known here.
refused-logged-out = You have signed out at your identity provider since.
refused-again-do = Sign in again.
refused-revoked = Your sessions were ended since your identity provider answered, or within the minute before.
refused-revoked-do = Wait a minute, and sign in again.
refused-no-attempt = This sign-in was finished already, or begun more than ten minutes ago.
refused-other-browser = This browser has no such sign-in under way.
refused-other-browser-why = It was finished already, begun in another browser, or this browser refused our cookie.
refused-other-browser-do = Sign in again, and finish in the same browser window.
refused-used-already = The answer of your identity provider was used already.
refused-other-provider = The answer came from another identity provider than the one you chose.
refused-silent = Your identity provider does not answer at the moment.
refused-turned-away = Your identity provider turned the sign-in away.
refused-turned-away-said = It said: “{ $said }”.
refused-late = The answer of your identity provider came too late.
refused-late-when = It was good until { $end } and reached us at { $now }.
refused-late-do = Sign in again. If it happens twice, the provider’s clock is wrong: send the id below to your administrator.
refused-early = The clock of your identity provider is ahead of ours.
refused-early-when = Its answer is dated { $from } and reached us at { $now }.
refused-early-do = Nothing is wrong with your account. Send the id below to your administrator: a clock must be set right.
refused-other-audience = The answer of your identity provider was made for another application than this one.
refused-other-audience-do = Sign in again from here. If it happens twice, send the id below to your administrator: the identity provider may be set up for another address or client.
refused-other-sign-in = The answer of your identity provider belongs to another sign-in than the one you began here.
refused-signature = The answer of your identity provider is not signed with a key that is known here.
refused-signature-why = The provider may have new keys, or somebody changed the answer on its way.
refused-signature-do = Try again in a minute. If it goes on, send the id below to your administrator.
refused-rebuilt = The answer of your identity provider does not say once, and in one place, who you are.
refused-rebuilt-why = Somebody may have changed it on its way.
refused-not-set-up = This way to sign in is not set up correctly.
refused-not-set-up-do = Send the id below to your administrator.
refused-not-asked = Your identity provider sent you here without being asked, which is not allowed for it.
refused-not-asked-do = Sign in from here.
refused-not-anew = Your identity provider let you in without asking you again, which is wanted here.
refused-not-anew-do = Sign in again, and prove yourself when you are asked. If you are not asked, send the id below to your administrator.
refused-other-class = You proved yourself to your identity provider in another way than is wanted here.
refused-other-class-do = Sign in again with what is wanted, such as a second factor. If you are not asked for it, send the id below to your administrator.

error-letter = Rolegate answered { $status } ({ $id })
error-not-signed-in = Nobody is signed in in this browser.
error-not-signed-in-do = Sign in.
error-forbidden = This form was not accepted
error-forbidden-what = It was not sent from a page of your own session.
error-form-do = Go back to your roles and try again from there.
error-not-found = There is no such page
error-not-found-what = Nothing is at this address.
error-not-found-do = Check the address, or go on from your roles.
error-form = This form can’t be read
error-host = This address is not served here
error-host-what = The request names a host that this gateway does not answer for.
error-host-do = Use the address that your administrator gave you.
error-throttled = Too many requests
error-throttled-address = More was asked from your network address in a short time than is answered here. Nothing was changed.
error-throttled-address-do = Wait a few seconds and try again. If it goes on, tell your administrator your network address and the time below: others may share the address, and such a refusal is counted, not recorded.
error-throttled-keys = Keys were taken more often in a short time than is allowed, by you or in this account. None were given out.
error-throttled-keys-do = Wait a few seconds and try again. If it goes on, send the id below to your administrator.
error-unavailable = Paused for a moment
error-unavailable-what = This gateway can’t answer at the moment. Nothing was changed.
error-unavailable-do = Try again in a few seconds.
error-try-again-do = Try again.
error-no-keys = No keys were given out
error-too-large = What this role’s session carries does not fit into its token.
error-too-large-do = Send the id below to your administrator: the mapping rule gives too many or too long tags.
error-provider-ends = Your identity provider ends your session in less than 15 minutes, which is the shortest time that keys are made for.
error-provider-ends-do = Sign out and in again, then take the role.
error-not-yours = You can’t take this role
error-not-yours-what = Your sign-in does not give you this role, or not any more.
error-not-yours-do = Choose a role from your list. If this one should be there, send the id below to your administrator.
form-no-role = It does not name a role.
form-no-star = It does not say which star.
form-no-session = It does not name a session.
form-no-duration = The duration must be 900 to 43200 seconds.
form-no-language = It names a language that is not spoken here.
form-no-theme = It names a theme that is not there.
form-not-utf-8 = It is not UTF-8.
body-too-large = It is longer than any form of this site.
body-too-slow = It did not arrive in time.
body-no-room = Too many long requests are under way.
body-broken = It broke off on its way.

logout-request = Your identity provider’s request to sign you out was not accepted.
logout-request-do = Sign out here by the menu of your roles. If it happens twice, send the id below to your administrator.
logout-answer = You are signed out here. The answer of your identity provider was not accepted, so that you may still be signed in there.
logout-answer-do = On a shared computer, sign out at your identity provider as well.
logout-refused = This sign-out was not accepted
logout-not-told = Your identity provider could not be told.
