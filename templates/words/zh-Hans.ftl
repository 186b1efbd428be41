### What the portal says, in Simplified Chinese.

## The language itself

language-name = 简体中文
pattern-date-and-time = %Y年%-m月%-d日 %H:%M:%S UTC
pattern-time-of-day = %H:%M UTC
lasting-seconds = { $seconds } 秒
lasting-minutes = { $minutes } 分钟
lasting-hours = { $hours } 小时
lasting-hours-and-minutes = { $hours } 小时 { $minutes } 分钟

## Around every page

skip = 跳到正文
nav-main = 主导航
nav-roles = 角色
nav-sessions = 会话
nav-why-not = 缺少角色？
menu-account = 账户菜单
menu-signed-in = { $time } 登录
foot-for = Rolegate · { $organisation }
foot-language = 语言
foot-theme = 主题
theme-system = 自动
theme-light = 浅色
theme-dark = 深色
request = 请求编号
copy-request-id = 复制请求编号
said-copied = 已复制
said-selected = 已选中，请按 Ctrl+C 或 Command+C 复制。
said-ended = 这些密钥已过期。

## What an account is for

environment-production = 生产
environment-staging = 预发布
environment-development = 开发
environment-sandbox = 沙盒
environment-shared = 共享

## Signing in and out

sign-in = 登录
sign-in-again = 重新登录
sign-in-promise = 选择角色，取走密钥，继续工作。
sign-in-none = 目前还没有可用的登录方式。
sign-in-none-do = 需要管理员先接入一个身份提供商。
sign-in-choose = 选择登录方式
sign-in-address = 工作邮箱
sign-in-or = 或选择登录方式
sign-in-all = 全部 { $all } 种登录方式
sign-in-last = 此浏览器上次使用
sign-in-no-address = 这不是一个邮箱地址。
sign-in-unknown-domain = 没有为 { $domain } 的邮箱设置登录方式。
sign-in-unknown-domain-do = 请检查地址，或从下面的列表中选择。
sign-in-leads-to = 登录后将前往 { $account } / { $role }。
sign-in-leads-to-role = 登录后将前往 { $role }。
sign-out = 退出登录
signed-out-title = 已退出登录
signed-out = 您已退出登录
signed-out-here = 在您重新登录之前，任何人都无法从此浏览器获取密钥。
signed-out-not-told = 之前取走的密钥如未被结束，在到期前仍然有效。您在身份提供商处可能仍处于登录状态；如果这是公用电脑，请在那里也退出登录。
signed-out-there = 之前取走的密钥如未被结束，在到期前仍然有效。您在身份提供商处也已退出登录。
signed-out-asked = 之前取走的密钥如未被结束，在到期前仍然有效。已请求身份提供商也为您退出登录，它已将您送回此处。
signed-out-partly = 之前取走的密钥如未被结束，在到期前仍然有效。身份提供商未能在所有地方为您退出登录；如果这是公用电脑，请关闭浏览器。
leave-to-sign-in = 前往您的身份提供商
leave-to-sign-in-wait = 请稍候。如果没有反应，请点击按钮继续。
leave-signed-out = 您已在此处退出登录
leave-to-sign-out-wait = 接下来将通知您的身份提供商。如果没有反应，请点击按钮继续。
leave-to-sign-out-button = 在身份提供商处也退出
leave-after-sign-out-wait = 接下来由您的身份提供商继续。如果没有反应，请点击按钮继续。
go-on = 继续

## Roles

roles-choose = 选择角色
roles-search = 搜索角色和账户
roles-placeholder = 角色、账户名、账户编号或标签
roles-all = 共 { $all } 个角色
roles-some = { $shown } / { $all } 个角色
keys-search = 搜索
keys-move = 移动
keys-take = 获取密钥
keys-clear = 清除
roles-all-accounts = 全部账户
roles-no-match = 没有符合条件的角色。
roles-show-all = 显示全部角色
roles-get-keys = 获取密钥：{ $account }，
roles-in-path = 路径 { $path }
roles-up-to = 最长 { $longest }
roles-best = 最佳匹配
roles-favourites = 收藏
roles-recent = 最近使用
roles-star = 收藏：{ $account } 中的 { $role }
roles-star-in-path = 收藏：{ $account } 中的 { $role }（路径 { $path }）
roles-starred = 已收藏该角色。
roles-unstarred = 已取消收藏该角色。
roles-stars-full = 您已收藏 100 个角色，达到上限。请先取消收藏不再使用的角色。
roles-star-failed = 收藏未能更改，请稍后重试。
roles-own-unknown = 暂时无法读取您的收藏。您的全部角色仍在此处。
favourites-full = 您已收藏 100 个角色
favourites-full-what = 收藏数量已达上限，因此未能收藏该角色。
favourites-full-do = 请先取消收藏不再使用的角色，然后重试。
role-keys-for = 密钥有效时长
role-get-keys = 获取密钥
role-others = 选择其他角色
role-link = 此页面的链接：
copy-link = 复制链接

## Sessions

sessions-title = 我的会话
sessions-what = 您在哪些地方登录，以及在那里获取过的密钥。在此结束会话会同时使其密钥失效；仅退出登录则密钥在到期前仍然有效。
sessions-caption = 您的会话，当前会话排在最前
sessions-device = 设备
sessions-address = 网络地址
sessions-address-unknown = 未知
sessions-signed-in = 登录时间
sessions-last-used = 上次使用
sessions-now = 现在
sessions-taken = 已获取密钥的角色
sessions-none-taken = 无
sessions-more-taken = 另有 { $more } 个
sessions-this = 当前会话
sessions-sign-out-here = 在此退出登录
sessions-end = 结束
sessions-end-which = { $device } 上的会话，{ $time } 登录
sessions-end-others = 结束其他所有会话
sessions-end-all = 结束所有会话，包括当前会话
sessions-not-you = 有不是您本人的会话？请结束所有会话，在身份提供商处更改密码，并告知管理员。
sessions-keys-go-on = 会话已结束，但未能使其密钥失效：这些密钥在到期前仍然有效。请告知管理员。
device-both = { $system } 上的 { $browser }
device-browser = { $browser }
device-system = { $system } 上的浏览器
device-unknown = 未知浏览器

## No roles

no-roles = 没有角色
no-roles-title = 您已登录，但目前没有可用的角色
no-roles-why = { $provider } 已确认您的身份，但它提供的信息都不对应这里的任何角色，因此没有发放密钥。
no-roles-left-out = 您所在的组过多，身份提供商没有发送组信息。
no-roles-left-out-do = 角色按组授予，因此没有找到任何角色。管理员可以让身份提供商只发送与此处有关的组。
no-roles-not-sent = 身份提供商在您登录时没有发送任何组。
no-roles-not-sent-do = 角色按组授予，因此没有找到任何角色。管理员可以让身份提供商发送组信息。
no-roles-known = 我们收到的关于您的信息
no-roles-person = 登录身份
no-roles-through = 登录方式
no-roles-received = 收到的 { $claim }
no-roles-nothing = 无
no-roles-groups = 收到的组
no-roles-missing = 缺少什么
no-roles-missing-group = 一个对应角色的组。被加入该组后，下次登录即可生效。
admin-message = 发给管理员的消息
admin-message-hello = 您好，我登录了 Rolegate，但没有得到任何角色。
admin-message-found = Rolegate 提示我：{ $found }
admin-message-role = 您好，我需要 { $account } 中的角色 { $role }。
admin-message-any-role = 您好，我需要角色 { $role }。
admin-message-reason = 原因：（请填写）
admin-message-person = 用户：{ $person }，登录方式：{ $provider }
admin-message-received = 收到的 { $claim }：{ $values }
admin-message-no-groups = 收到的组：无
admin-message-nothing = 无
admin-message-need = 我需要：（角色和账户）
admin-message-request = 请求编号：{ $id }
copy-message = 复制消息

## What stands out in a person's own sign-in

claim-more = 另有 { $more } 个
found = 我们注意到
found-left-out = 由于 { $claim } 的值过多，身份提供商没有全部发送。未发送的值在这里不起作用。
found-missing = 身份提供商没有发送 { $claim }，而这里需要查看它。
found-unverified = 身份提供商没有验证您的 { $claim }，因此它不算数。
found-unfit = 有一条规则与您相符，但您的某个值无法用在它所授予的内容中。
found-case = 您在 { $claim } 中的值 { $value } 很接近：只有大小写不同。
found-space = 您在 { $claim } 中的值 { $value } 很接近：它的前面或后面有空格。
found-joined = 您在 { $claim } 中的值 { $value } 很接近：本应是列表，收到的却是一整段文本。
found-common-name = 您在 { $claim } 中的值 { $value } 很接近：一个是通用名称（CN），另一个是可分辨名称（DN）。

## Why a role is not there

why-not = 为什么看不到某个角色？
why-not-link = 查询某个角色
why-not-intro = 请填写角色。我们会对照您在 { $time } 的登录，告诉您缺少什么。
why-not-account = 账户
why-not-account-hint = 别名或 12 位编号
why-not-role = 角色
why-not-role-hint = 名称或 ARN
why-not-check = 检查
why-not-unreadable = 角色不可能叫这个名字。请填写角色名称（例如 ReadOnly）或完整的 ARN。
why-not-of = { $account } 中的 { $role }
why-not-of-any = 任意账户中的 { $role }
why-not-yours = 属于您
why-not-yours-what = 您的登录给了您此角色。
why-not-open = 前往 { $role }
why-not-not-yours = 不属于您
why-not-vouched = { $provider } 已确认您的身份。
why-not-given = 有一条规则授予您此角色。
why-not-not-taken = 此角色不接受您的登录，只有管理员才能更改。
why-not-no-rule = 根据身份提供商发送的信息，没有规则授予您此角色。
why-not-not-told = 是否存在这样的角色，只告诉拥有它的人。
why-not-not-asked = 没有查询该角色的信任策略。
why-not-beside = 该账户中属于您的角色
why-not-received = 您登录时收到的信息
why-not-fresh = 刚刚被加入某个组？请重新登录：组信息在登录时读取。

## Credentials

credentials-title = { $account } 中的 { $role }
crumbs = 路径
keys = 密钥
format = 格式
format-profile = 配置文件
paste-bash = 粘贴到 bash 或 zsh，仅在此终端中有效。
paste-fish = 粘贴到 fish，仅在此终端中有效。
paste-powershell = 粘贴到 PowerShell，仅在此窗口中有效。
paste-profile = 加入 ~/.aws/credentials，密钥到期后替换。
paste-config = 加入 ~/.aws/config（只需一次），让该配置能找到此网关。
paste-process = 粘贴到 shell 中运行：密钥会存入只有您能读取的文件。
paste-process-config = 加入 ~/.aws/config（只需一次）。该配置会使用最近一次存入的密钥，并在过期时提示。
copy-command = 复制命令
paste-json = AWS 工具从 credential_process 读取的密钥格式。
copy-lines = 复制 { $lines } 行
copy-profile = 复制配置
copy-settings = 复制设置
copy-json = 复制 JSON
copy-arn = 复制角色的 ARN
parts = 逐项
parts-never-kept = 不会写入日志，也不会保存在此浏览器中
parts-caption = 凭证的各个部分
part-access-key-id = 访问密钥 ID
part-secret-access-key = 秘密访问密钥
part-session-token = 会话令牌
part-session-name = 会话名称
copy-access-key-id = 复制访问密钥 ID
copy-secret-access-key = 复制秘密访问密钥
copy-session-token = 复制会话令牌
copy-session-name = 复制会话名称
time-and-limits = 时间与限制
good-until = 有效期至
time-left = 剩余时间
until = 有效至 { $time }
local-time = ，您当地时间 { $time }
renew-for = 续期时长
renew = 续期密钥
renew-to-go-on = 请续期后继续使用。
limits = 时长受哪些限制
limit = 限制
limit-role = 角色自身的上限
limit-rule = 规则“{ $rule }”
limit-sign-in = 距您的登录到期
limit-provider = 您的身份提供商
limit-chaining = 用其他密钥换取的密钥
shortened-by-role = 您申请了 { $asked }，得到 { $got }，这是该角色允许的上限。
shortened-by-rule = 您申请了 { $asked }，得到 { $got }，这是对应规则允许的上限。
shortened-by-sign-in = 您申请了 { $asked }，得到 { $got }，因为您的登录届时到期。
shortened-by-provider = 您申请了 { $asked }，得到 { $got }，这是身份提供商允许的上限。
shortened-by-chaining = 您申请了 { $asked }，得到 { $got }，这是用其他密钥换取密钥的上限。

## What went wrong

to-roles = 前往我的角色
refused-no-keys = 没有发放任何密钥。
refused = 您尚未登录
refused-not-accepted = 身份提供商的应答未被接受。
refused-not-accepted-do = 请重新登录。如果再次出现，请把下面的编号发给管理员。
refused-check = 身份提供商的应答未被接受。未通过的检查是“{ $check }”。
refused-unreadable = 无法读取身份提供商的应答。
refused-no-connection = 没有这种登录方式。
refused-no-connection-do = 请在首页选择一种。
refused-nothing-known = 还没有关于您的身份提供商的信息。
refused-later-do = 请一分钟后重试。如果仍然如此，请把下面的编号告诉管理员。
refused-unknown-provider = 应答来自此处未知的身份提供商。
refused-logged-out = 在此期间，您已在身份提供商处退出登录。
refused-again-do = 请重新登录。
refused-revoked = 在身份提供商应答之后（或之前的一分钟内），您的会话被结束了。
refused-revoked-do = 请等待一分钟后重新登录。
refused-no-attempt = 此次登录已经完成，或者开始于十多分钟之前。
refused-other-browser = 此浏览器中没有正在进行的这次登录：它已经完成，或在另一个浏览器中开始，或者此浏览器拒绝了我们的 Cookie。
refused-other-browser-do = 请重新登录，并在同一浏览器窗口中完成。
refused-used-already = 身份提供商的这份应答已经使用过。
refused-other-provider = 应答来自另一个身份提供商，而不是您选择的那个。
refused-silent = 您的身份提供商目前没有响应。
refused-turned-away = 您的身份提供商拒绝了这次登录。
refused-turned-away-said = 您的身份提供商拒绝了这次登录，并说明：{ $said }
refused-late = 身份提供商的应答来得太晚：它的有效期至 { $end }，而到达时间是 { $now }。
refused-late-do = 请重新登录。如果再次出现，说明身份提供商的时钟不准：请把下面的编号发给管理员。
refused-early = 身份提供商的应答标注的时间是 { $from }，而到达时间是 { $now }：它的时钟比我们的快。
refused-early-do = 您的账号没有问题。请把下面的编号发给管理员：需要校准时钟。
refused-other-audience = 身份提供商的应答是发给另一个应用的，而不是发给这里的。
refused-other-audience-do = 请从这里重新登录。如果再次出现，请把下面的编号发给管理员：身份提供商那边可能配置了别的地址或客户端。
refused-other-sign-in = 身份提供商的应答属于另一次登录，而不是您在这里开始的这一次。
refused-signature = 身份提供商的应答不是用此处已知的密钥签名的。可能是提供商更换了密钥，也可能是有人在传输途中改动了应答。
refused-signature-do = 请一分钟后重试。如果仍然如此，请把下面的编号发给管理员。
refused-rebuilt = 身份提供商的应答没有在唯一的位置、唯一一次地说明您是谁。可能有人在传输途中改动了它。
refused-not-set-up = 这种登录方式没有正确配置。
refused-not-set-up-do = 请把下面的编号发给管理员。
refused-not-asked = 您的身份提供商未经请求就把您送到这里，而此处不允许这样做。
refused-not-asked-do = 请从这里登录。
refused-not-anew = 此处要求重新验证身份，而您的身份提供商没有再次询问就让您通过。
refused-not-anew-do = 请重新登录，并在被询问时验证身份。如果没有被询问，请把下面的编号发给管理员。
refused-other-class = 您向身份提供商验证身份的方式与此处的要求不同。
refused-other-class-do = 请按要求的方式重新登录，例如使用第二因素。如果没有被要求，请把下面的编号发给管理员。

error-not-signed-in = 此浏览器中没有人登录。
error-not-signed-in-do = 请登录。
error-forbidden = 此表单未被接受
error-forbidden-what = 它不是从您自己会话的页面发出的。
error-form-do = 请返回您的角色，从那里重试。
error-not-found = 没有这个页面
error-not-found-what = 此地址上什么也没有。
error-not-found-do = 请检查地址，或从您的角色继续。
error-form = 无法读取此表单
error-host = 此处不提供这个地址
error-host-what = 请求中的主机名不属于此网关。
error-host-do = 请使用管理员给您的地址。
error-throttled = 请求过多
error-throttled-address = 您的网络地址在短时间内发出的请求超过了此处的限额。没有任何改动。
error-throttled-address-do = 请等待几秒后重试。如果仍然如此，请把您的网络地址和下面的时间告诉管理员：该地址可能由多人共用，而这类拒绝只计数，不记录。
error-throttled-keys = 您或此账户在短时间内获取密钥的次数超过了限额。没有发放密钥。
error-throttled-keys-do = 请等待几秒后重试。如果仍然如此，请把下面的编号发给管理员。
error-unavailable = 暂时停止服务
error-unavailable-what = 此网关目前无法应答。没有任何改动。
error-unavailable-do = 请几秒后重试。
error-try-again-do = 请重试。
error-no-keys = 没有发放密钥
error-too-large = 此角色会话携带的内容放不进令牌。
error-too-large-do = 请把下面的编号发给管理员：映射规则给出的标签过多或过长。
error-provider-ends = 您的身份提供商将在 15 分钟之内结束您的会话，而 15 分钟是密钥的最短有效期。
error-provider-ends-do = 请退出并重新登录，然后再获取该角色。
error-not-yours = 您无法使用此角色
error-not-yours-what = 您的登录没有给您此角色，或者不再给您此角色。
error-not-yours-do = 请从您的列表中选择角色。如果此角色应在其中，请把下面的编号发给管理员。
form-no-role = 其中没有指明角色。
form-no-star = 表单未说明要更改哪个收藏。
form-no-session = 其中没有指明会话。
form-no-duration = 时长必须是 900 到 43200 秒。
form-no-language = 其中的语言此处不支持。
form-no-theme = 其中的主题不存在。
form-not-utf-8 = 它不是 UTF-8 编码。
body-too-large = 它比本站的任何表单都长。
body-too-slow = 它没有及时到达。
body-no-room = 正在处理的长请求过多。
body-broken = 它在传输途中中断了。

logout-request = 身份提供商让您退出登录的请求未被接受。
logout-request-do = 请通过角色页面的菜单在此处退出登录。如果再次出现，请把下面的编号发给管理员。
logout-answer = 您已在此处退出登录。身份提供商的应答未被接受，因此您在那里可能仍处于登录状态。
logout-answer-do = 如果这是公用电脑，请在身份提供商处也退出登录。
logout-refused = 此次退出登录未被接受
logout-not-told = 无法通知您的身份提供商。
