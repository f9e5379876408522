"""Hosts that technical readers refer to, and platforms whose pages belong to many people.

An entry covers its subdomains, except for those of works of reference on which anyone can publish.
"""

from __future__ import annotations

import re
from typing import Final

#: Works of reference: standards, documentation, encyclopaedias, and the scripts and namespaces that code names. An
#: advertisement there is soon deleted.
_WORKS: Final = """
    access.redhat.com acm.org agner.org ajax.googleapis.com angular.dev angular.io angularjs.org apache.org
    archlinux.de archlinux.org arxiv.org asp.net babeljs.io caniuse.com cdnjs.cloudflare.com chromestatus.com
    chromium.org clojure.org cmake.org code.visualstudio.com codex.wordpress.org confluence.atlassian.com
    cppreference.com dart.dev debian.org deno.com deno.land devblogs.microsoft.com developer.android.com
    developer.apple.com developer.microsoft.com developer.wordpress.org developers.google.com djangoproject.com
    docs.aws.amazon.com docs.docker.com docs.github.com docs.gitlab.com docs.microsoft.com docs.oracle.com
    docs.redhat.com doi.org dot.net download.microsoft.com eclipse.org ecma-international.org elastic.co
    elixir-lang.org emberjs.com erlang.org eslint.org expressjs.com fastapi.tiangolo.com fedoraproject.org
    flutter.dev fonts.googleapis.com freebsd.org freedesktop.org getbootstrap.com getcomposer.org git-scm.com
    gnome.org gnu.org go.dev golang.org grafana.com graphql.org groovy-lang.org grpc.io hashicorp.com
    haskell.org helm.sh hibernate.org iana.org ieee.org ietf.org iso.org java.com java.net java.sun.com
    jetbrains.com jquery.com jqueryui.com json-schema.org json.org jsonapi.org julialang.org jupyter.org kde.org
    kernel.org kotlinlang.org kubernetes.io laravel.com learn.microsoft.com lesscss.org letsencrypt.org
    linux.die.net llvm.org lua.org man7.org mariadb.com mariadb.org mathjax.org mongodb.com mono-project.com
    mozilla.org msdn.microsoft.com mysql.com nextjs.org nginx.com nginx.org nist.gov nixos.org nodejs.org
    numpy.org oasis-open.org oauth.net ocaml.org openapis.org openbsd.org opengroup.org openid.net openjdk.org
    openssh.com openssl.org owasp.org palletsprojects.com perl.org php.net phpunit.de postgresql.org
    prometheus.io protobuf.dev pydata.org python.org pytorch.org qt.io r-project.org rabbitmq.com react.dev
    reactjs.org redis.io referencesource.microsoft.com regular-expressions.info rfc-editor.org ruby-lang.org
    rubyonrails.org rust-lang.org samba.org sass-lang.com scala-lang.org schema.org schemas.microsoft.com
    schemas.openxmlformats.org scikit-learn.org scipy.org selenium.dev selfhtml.org semver.org spring.io
    sqlalchemy.org sqlite.org ssllabs.com support.apple.com support.microsoft.com svelte.dev swagger.io
    swift.org symfony.com tailwindcss.com technet.microsoft.com tensorflow.org terraform.io tldp.org
    typescriptlang.org ubuntu-fr.org ubuntu.com ubuntuusers.de unicode.org usenix.org vagrantup.com vim.org
    vite.dev vitejs.dev vuejs.org w3.org webassembly.org webkit.org webpack.js.org whatwg.org wikibooks.org
    wikimedia.org wikipedia.org wiktionary.org wireshark.org xml.org xmlsoap.org
"""

#: Works of reference whose subdomains belong to customers.
_WORKS_WITHOUT_SUBDOMAINS: Final = "aws.amazon.com cloud.google.com microsoft.com"

#: Names of subdomains on which a project's readers publish: forums, profiles, trackers, plugins.
_OPEN_NAMES: Final = """
    addons answers app apps aur bbs blogs bugs bugzilla chat community connect discourse discuss discussions
    extensions feedback forge forum forums gallery gitlab groups home ideas internals invent issues join lists mail
    marketplace mastodon members my nbviewer people phabricator planet play playground plugins profile profiles
    projects questions salsa savannah sites social store talk tickets user users youtrack
"""
#: Paths with the same, after a language if there is one: profiles, forums, plugins, and pages of wikis with a namespace
#: such as "User:".
_OPEN_PATH: Final = re.compile(
    r"/(?:~|(?:[a-z]{2}(?:-[a-z]{2})?/)?(?:u|users?|profiles?|people|members?|forums?|answers|discussions?|marketplace"
    r"|plugins|questions|play|repl|x)(?:[/?]|$)|wiki/[^/?_]+?(?::|%3a)(?!_)|.{0,200}?[?&/=](?:user|special)(?:_talk)?(?::|%3a))",
    re.IGNORECASE,
)

#: Sites for programmers where anyone can publish: code, packages, questions and answers, snippets.
_FORGES: Final = """
    3v4l.org answers.microsoft.com askubuntu.com bitbucket.org codeberg.org codepen.io codeplex.com
    codeproject.com codesandbox.io crates.io developpez.com developpez.net docs.rs dotnetfiddle.net framagit.org
    gitea.com github.com gitlab.com godbolt.org hub.docker.com jsbin.com jsfiddle.net launchpad.net maven.org
    metacpan.org npmjs.com npmjs.org nuget.org observablehq.com packagist.org plnkr.co pypi.org qiita.com
    readthedocs.io readthedocs.org regex101.com rubygems.org serverfault.com sharplab.io sourceforge.net sr.ht
    stackblitz.com stackexchange.com stackoverflow.com superuser.com techcommunity.microsoft.com wordpress.org
    zenn.dev
"""

#: Other sites where the accounts or pages of many people have one host.
_PLATFORMS: Final = """
    amazon.com archive.org bing.com dailymotion.com dev.to deviantart.com discord.com discord.gg disqus.com
    dropbox.com ebay.com etsy.com facebook.com flickr.com google.com gumroad.com habr.com imdb.com imgur.com
    instagram.com issuu.com kickstarter.com linkedin.com linktr.ee medium.com meetup.com ok.ru patreon.com
    pinterest.com quora.com reddit.com scribd.com slideshare.net soundcloud.com speakerdeck.com spotify.com t.me
    telegram.me tiktok.com twitch.tv twitter.com udemy.com vimeo.com vk.com wa.me x.com yahoo.com youtu.be
    youtube.com
"""

#: Blog hosts that give each customer a subdomain and aren't in the public suffix list.
_HOSTING: Final = """
    000webhostapp.com angelfire.com blog.hu blog.jp blogger.com bravenet.com canalblog.com fandom.com fc2.com
    free.fr geekswithblogs.net hashnode.dev home.blog jimdo.com livejournal.com mystrikingly.com narod.ru
    neocities.org netlify.com ning.com over-blog.com squarespace.com strikingly.com substack.com surge.sh
    tistory.com tripod.com tumblr.com typepad.com ucoz.ru webnode.com webs.com weebly.com wikidot.com wordpress.com
"""

WORKS: Final = frozenset(_WORKS.split())
WORKS_WITHOUT_SUBDOMAINS: Final = frozenset(_WORKS_WITHOUT_SUBDOMAINS.split())
OPEN_NAMES: Final = frozenset(_OPEN_NAMES.split())
FORGES: Final = frozenset(_FORGES.split())
PLATFORMS: Final = FORGES | frozenset(_PLATFORMS.split())
HOSTING: Final = frozenset(_HOSTING.split())


def is_work(host: str, path: str = "") -> bool:
    """Return whether a page belongs to a work of reference, and not to a part of it where anyone can publish.

    :param path: the path with the query.
    """
    return _is_of_work(host) and not _is_open(host, path)


def is_forge(host: str, path: str = "") -> bool:
    """Return whether a page belongs to a site for programmers where anyone can publish.

    Forums, profiles and plugins of a work of reference are such sites, too.
    """
    return is_listed(host, FORGES) or (_is_of_work(host) and _is_open(host, path))


def is_listed(host: str, hosts: frozenset[str]) -> bool:
    """Return whether ``host`` or a domain above it is one of ``hosts``."""
    return _entry(host, hosts) != ""


def _is_of_work(host: str) -> bool:
    return host in WORKS_WITHOUT_SUBDOMAINS or is_listed(host, WORKS)


def _is_open(host: str, path: str) -> bool:
    entry = host if host in WORKS_WITHOUT_SUBDOMAINS else _entry(host, WORKS)
    below = host.removesuffix(entry).split(".")
    return not OPEN_NAMES.isdisjoint(below) or _OPEN_PATH.match(path) is not None


def _entry(host: str, hosts: frozenset[str]) -> str:
    """Return ``host`` or the domain above it that is one of ``hosts``, else an empty string."""
    while host not in hosts:
        _, dot, host = host.partition(".")
        if not dot:
            return ""
    return host
